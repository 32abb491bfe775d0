"""Requests to stop: signals are noted, and obeyed where no work is lost.

SIGTERM is what a cluster sends some seconds before it takes a machine away; SIGINT is Ctrl-C.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_heard: list[int] = []  # signals come to the process, so they are noted for the process


class Stopped(BaseException):
    """Work ended early on request, with all its progress stored."""


def received_signal() -> int | None:
    """Return the signal that asked this process to stop, or None."""
    return _heard[0] if _heard else None


@contextmanager
def catch_signals(signals: tuple[int, ...] = (signal.SIGINT, signal.SIGTERM)) -> Iterator[None]:
    """Note requests to stop within this block, which must be in the main thread.

    A second Ctrl-C raises KeyboardInterrupt at once.
    """
    _heard.clear()
    before = {number: signal.signal(number, _hear) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def listen(number: int) -> None:
    """Note a signal for the rest of this process."""
    signal.signal(number, _hear)


def _hear(number: int, _: FrameType | None) -> None:
    if _heard and number == signal.SIGINT:
        raise KeyboardInterrupt
    _heard.append(number)
