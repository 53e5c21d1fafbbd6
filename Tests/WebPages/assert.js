/** The few assertions that the tests need; nothing is fetched for them. */

/**
 * @param {unknown} actual
 * @param {unknown} expected compared by content
 */
export function equal(actual, expected) {
  const [left, right] = [Deno.inspect(actual, options), Deno.inspect(expected, options)];
  if (left !== right) throw new Error(`not equal\n  actual:   ${left}\n  expected: ${right}`);
}

/** Nothing is left out of the comparison, however deep or long it is. */
const options = { depth: Infinity, iterableLimit: Infinity, strAbbreviateSize: Infinity, sorted: true };

/**
 * @param {unknown} condition
 * @param {string} [message]
 */
export function ok(condition, message = 'it does not hold') {
  if (!condition) throw new Error(message);
}

/**
 * @param {number} actual
 * @param {number} expected
 * @param {number} [tolerance]
 */
export function near(actual, expected, tolerance = 1e-6) {
  ok(Math.abs(actual - expected) <= tolerance, `${actual} is not near ${expected}`);
}

/**
 * @param {() => unknown} action
 * @param {RegExp} pattern of the error as text
 */
export async function fails(action, pattern) {
  try {
    await action();
  } catch (error) {
    ok(pattern.test(String(error)), `failed with another error: ${error}`);
    return error;
  }
  throw new Error('it did not fail');
}
