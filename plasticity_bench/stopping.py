"""Requests to stop: signals are noted, and obeyed where no work is lost.

SIGTERM is what a cluster sends some seconds before it takes a machine away; SIGINT is Ctrl-C;
SIGHUP is sent when a terminal is closed or a connection is lost.
"""

import contextlib
import os
import signal
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)

_heard: list[int] = []  # signals come to the process, so they are noted for the process


class Stopped(BaseException):
    """Work ended early on request, with all its progress stored."""


def received_signal() -> int | None:
    """Return the signal that asked this process to stop, or None."""
    return _heard[0] if _heard else None


@contextmanager
def catch_signals(signals: tuple[int, ...] = SIGNALS) -> Iterator[None]:
    """Note requests to stop within this block, which must be in the main thread.

    A signal that is ignored, as SIGHUP by `nohup`, stays ignored.

    A second Ctrl-C raises KeyboardInterrupt at once.
    """
    _heard.clear()
    before = {number: signal.signal(number, _hear) for number in _not_ignored(signals)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def listen() -> None:
    """Note requests to stop for the rest of this process, except Ctrl-C, which is its parent's."""
    for number in _not_ignored(SIGNALS[1:]):
        signal.signal(number, _hear)


def _not_ignored(signals: Iterable[int]) -> list[int]:
    return [number for number in signals if signal.getsignal(number) is not signal.SIG_IGN]


def _hear(number: int, _: FrameType | None) -> None:
    if _heard and number == signal.SIGINT:
        raise KeyboardInterrupt
    _heard.append(number)
    _leave_closed_terminal()


def _leave_closed_terminal() -> None:
    """Discard what is printed to a terminal that is gone; otherwise printing would raise."""
    for descriptor in (1, 2):
        with contextlib.suppress(OSError):
            if stat.S_ISCHR(os.fstat(descriptor).st_mode) and not os.isatty(descriptor):
                os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
