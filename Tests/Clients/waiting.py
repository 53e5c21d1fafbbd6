"""How tests wait: for something to be so."""

import time


def wait_until(condition, what, seconds=120):
    """Waits for a condition and answers its value; `what` (a text or a function) says what was waited for in vain. The
    pause between two looks is the only one that tests make."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"never so in {seconds} s: {what() if callable(what) else what}"
        time.sleep(0.02)
    return value


def until_refused(attempt, wrong, least):
    """The first 429. Tokens come back while it is tried, so on a slow machine it takes a few attempts more."""
    for number in range(500 + 2 * least):
        answer = attempt(number)
        if answer.status == 429:
            assert number >= least
            return answer
        answer.expect(wrong)
    raise AssertionError("nothing was refused")
