"""What a learner prints where it is recorded, as it is shown."""

import os
import select
import sys

from plasticity_bench.text import printable

LONGEST_LINE = 1 << 16
"""Bytes of a line that are kept until it ends."""

LAST_PARTS = 64
"""Parts that are read when the process has ended: what it left may go on printing."""


class Printed:
    """Shows the lines of a file on standard error, each after a learner's name.

    A terminal does not obey them, and none is taken for a line of ours, nor for a command by a CI
    system.

    Attributes:
        files: the file's number; none if it is at its end.
    """

    def __init__(self, file: int, learner: str) -> None:
        self.files = {file}
        self._learner = learner
        self._line = b""

    def show(self) -> None:
        """Show the lines that have come; wait until one has."""
        for file in list(self.files):
            part = os.read(file, 1 << 16)
            *lines, self._line = (self._line + part).split(b"\n")
            if not part:
                self.files.clear()
            if self._line and (not part or len(self._line) > LONGEST_LINE):
                lines, self._line = [*lines, self._line], b""
            for line in lines:
                text = line.decode(errors="backslashreplace").expandtabs()
                sys.stderr.write(f"{self._learner}: {printable(text.rstrip())}\n")
            sys.stderr.flush()

    def end(self) -> None:
        """Show what is left, without waiting for more."""
        for _ in range(LAST_PARTS):
            if not select.select(self.files, [], [], 0)[0]:
                break
            self.show()
