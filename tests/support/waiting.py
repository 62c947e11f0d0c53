"""Waiting for events with a deadline: the only place where a test may let time pass."""

import os
import time

# Sanitizers and loaded machines stretch every deadline of the tests (not of the programs).
FACTOR = float(os.environ.get("FRPX_TEST_TIME_FACTOR", "1"))


def seconds(number):
    """`number` seconds as this machine should take them."""
    return number * FACTOR


def wait_for(condition, limit, what):
    """Return the first true value of `condition()`; fail with `what` after `limit` seconds.

    `what` is a text, or a function that makes one when the time is up (to show a log, say).
    """
    end = time.monotonic() + seconds(limit)
    pause = 0.002
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            text = what() if callable(what) else what
            raise AssertionError(f"not within {seconds(limit):g} s: {text}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)


def holds_for(condition, period, what):
    """Watch that `condition()` stays true for `period` seconds: for what must not happen."""
    end = time.monotonic() + period
    while time.monotonic() < end:
        assert condition(), f"no longer true: {what}"
        time.sleep(0.01)
