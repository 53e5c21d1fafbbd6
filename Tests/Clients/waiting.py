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
