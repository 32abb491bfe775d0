"""Ctrl-C while the command line is still being imported ends it without a traceback.

This module is imported first, and imports nothing slow.
"""

import signal
import sys
from pathlib import PurePath

COMMANDS = ("plasticity-bench", "-m")
"""The first word while the command is imported: its own name, or Python's with a module."""


def end_quietly() -> None:
    """Let Ctrl-C end the process at once, if this is the command."""
    is_command = bool(sys.argv) and PurePath(sys.argv[0]).name in COMMANDS
    if is_command and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def raise_again() -> None:
    """Let Ctrl-C raise KeyboardInterrupt, as Python does, which the command handles."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)


end_quietly()
