import { attemptsFor, backOff, troubleFor } from '../../web/player/retry.js';
import { equal, near } from './assert.js';

Deno.test('statuses become kinds of trouble', () => {
  equal(troubleFor(503, '2').kind, 'preparing');
  equal(troubleFor(503, '2').retryAfter, 2);
  equal(troubleFor(503, null).kind, 'server');
  equal([401, 403].map((status) => troubleFor(status, null).kind), ['expired', 'expired']);
  equal([404, 410].map((status) => troubleFor(status, null).kind), ['missing', 'missing']);
  equal([500, 502, 429, 408].map((status) => troubleFor(status, null).kind), Array(4).fill('server'));
});

Deno.test('Retry-After may be a date', () => {
  const now = Date.parse('2026-11-21T12:00:00Z');
  near(troubleFor(503, 'Sat, 21 Nov 2026 12:00:05 GMT', now).retryAfter ?? 0, 5);
  equal(troubleFor(503, 'soon', now).kind, 'server');
});

Deno.test('waiting doubles up to a bound and is spread', () => {
  equal([0, 1, 2, 3, 4, 9].map((attempt) => backOff(attempt, 0.5)), [0.5, 1, 2, 4, 8, 8]);
  near(backOff(0, 0), 0.4);
  near(backOff(0, 1), 0.6);
});

Deno.test('a network that is away is waited for, a missing file is not', () => {
  equal(attemptsFor('offline'), Infinity);
  equal(attemptsFor('preparing'), Infinity);
  equal(attemptsFor('missing'), 1);
});
