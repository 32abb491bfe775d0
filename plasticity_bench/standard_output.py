"""Standard output is for data, such as a table as CSV; what users' code prints goes elsewhere."""

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import TextIO

STANDARD_OUTPUT, STANDARD_ERROR = 1, 2


@contextlib.contextmanager
def kept_for_data() -> Iterator[None]:
    """Return a context, or a decorator, in which what is printed goes to standard error."""
    with contextlib.redirect_stdout(sys.stderr):
        yield


def open_closed_outputs() -> None:
    """Open the null device in place of a standard stream that was closed, as by `>&-`.

    Otherwise the next file that is opened takes its number, and gets what is printed; and Python
    prints messages for a standard error that is closed to the standard output.
    """
    while (file := os.open(os.devnull, os.O_RDWR)) <= STANDARD_ERROR:
        os.set_inheritable(file, True)
    os.close(file)
    for name, number in (("stdout", STANDARD_OUTPUT), ("stderr", STANDARD_ERROR)):
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "w", encoding="utf-8", closefd=False))  # noqa: SIM115


def write_nowhere(output: TextIO) -> None:
    """Let what is still to be written to a stream be lost."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, output.fileno())
    os.close(null)
