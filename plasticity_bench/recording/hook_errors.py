"""From an exception in a learner's hook to a sentence that helps its author."""

import linecache
import sys
import traceback
from pathlib import Path

from plasticity_bench.errors import LearnerError, PlasticityBenchError
from plasticity_bench.learners.learner import HOOKS, Learner

# A part of PyTorch's message -> what the learner did.
_UNMAPPABLE = {
    ".item()": "reads a tensor's value",
    "data-dependent control flow": "branches on a tensor's value",
    "dynamic shape": "makes a shape that depends on tensors' values",
    "torch.nonzero": "makes a shape that depends on tensors' values",
    "random operation": "draws from PyTorch's global generator",
    "in-place arithmetic": "writes in place to a tensor that all replicas share",
}
_REMEDY = {
    "draws from PyTorch's global generator": "Use the hook's `noise` argument",
    "writes in place to a tensor that all replicas share": "Return a new tensor",
}


class explained:  # noqa: N801  a context
    """Turn an exception in a learner's hooks into a `LearnerError` that names its line.

    What the hooks print goes to standard error. A class, because it is entered for every update:
    contexts made of generators take a fifth of the time around the update of a small network.
    """

    def __init__(self, learner: Learner) -> None:
        self._learner = learner

    def __enter__(self) -> None:
        self._before, sys.stdout = sys.stdout, sys.stderr

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        sys.stdout = self._before
        if isinstance(error, Exception) and not isinstance(error, PlasticityBenchError):
            raise LearnerError(_sentence(self._learner, error)) from error


def _sentence(learner: Learner, error: Exception) -> str:
    name = type(learner).__name__
    location = _place(learner, error)
    message = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    where = f"{location}, " if location else ""
    for mark, action in _UNMAPPABLE.items():
        if learner.vectorized and mark in str(error):
            remedy = _REMEDY.get(action, "Use torch.where or a mask instead")
            return (
                f"{where}learner {name} {action}, so it cannot be run for all replicas at once. "
                f"{remedy}, or set `vectorized = False` in the class to run it replica by replica."
            )
    who = f"{where}learner" if where else "Learner"
    return f"{who} {name} raised {type(error).__name__}: {message}"


def _place(learner: Learner, error: Exception) -> str:
    """The innermost line of the learner's files in the traceback."""
    learner_files = {
        getattr(sys.modules.get(cls.__module__), "__file__", None)
        for cls in type(learner).__mro__
        if issubclass(cls, Learner) and cls is not Learner
    }
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename in learner_files]
    if not frames:
        return ""
    frame = frames[-1]
    hook = next((f.name for f in frames if f.name in HOOKS), frame.name)
    line = linecache.getline(frame.filename, frame.lineno or 0).strip()
    return f"{Path(frame.filename).name}:{frame.lineno} in {hook}: `{line}`: "[:-2]
