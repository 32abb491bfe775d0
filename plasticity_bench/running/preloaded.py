"""Imported once, in the process from which worker processes are forked.

That process only imports modules, so no thread of PyTorch's holds a lock when it forks.
"""

import signal
from types import FrameType

import plasticity_bench.running.group_run  # noqa: F401 (PyTorch and the evaluator)
from plasticity_bench.stopping import SIGNALS


def _continue(number: int, frame: FrameType | None) -> None:
    """Ignore a signal: this process ends with its parent, after the workers.

    A handler, not SIG_IGN: a worker heeds signals that are not ignored where it begins.
    """


for _number in SIGNALS:
    if signal.getsignal(_number) is not signal.SIG_IGN:
        signal.signal(_number, _continue)
