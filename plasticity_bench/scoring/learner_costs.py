"""What learners cost, as their records say: stored with every run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from plasticity_bench.results import LearnerOnStream, Run, Selection


@dataclass(frozen=True)
class LearnerCosts:
    """Of a learner on one stream's network; all but `recorded` is unknown of unrecorded ones.

    Attributes:
        recorded: whether it is recorded.
        boundaries: whether something happens where a task begins.
        begin_task: operations of that, divided by those of an update of plain training with Adam.
        parameters: of its network, divided by those of the suite's network.
        memory: numbers in its own memory, divided by those of its parameters.
        constants: numbers that its graphs have captured.
        flops: floating-point operations of an update, divided by those of plain training with Adam.
    """

    recorded: bool
    boundaries: bool = False
    begin_task: float = 0.0
    parameters: float = 1.0
    memory: float = 0.0
    constants: int = 0
    flops: float = 1.0

    @classmethod
    def of(cls, info: Mapping[str, Any]) -> "LearnerCosts | None":
        """Return the costs that are stored with a run; None with a run of an earlier version."""
        execution = info.get("execution", {})
        if "record" not in execution:
            return None
        if execution["record"] is None:
            return cls(recorded=False)
        return cls(True, **{k: v for k, v in execution["record"].items() if k != "digest"})

    def in_words(self) -> str:
        """Return what is worth telling; empty for a learner like plain training with Adam."""
        if not self.recorded:
            return "not recorded"
        words = ["boundaries"] if self.boundaries else []
        if self.begin_task >= 1.05:
            words = [f"boundaries (FLOPs {self.begin_task:.1f} each)"]
        words += [
            f"{name} {value:.1f}"
            for name, value in (("FLOPs", self.flops), ("parameters", self.parameters))
            if value >= 1.05
        ]
        if self.memory >= 0.05:
            words.append(f"memory {self.memory:.1f}")
        if self.constants >= 100:
            words.append(f"{self.constants} constants")
        return ", ".join(words)


def costs_of(selection: Selection) -> dict[str, LearnerCosts]:
    """Return the costs of each learner of a selection, on the first stream that has a run of it."""
    found: dict[str, LearnerCosts] = {}
    for group, runs in selection.groups.items():
        costs = None if group.learner in found else _costs(selection, runs)
        if costs is not None:
            found[group.learner] = costs
    return found


def flops(selection: Selection) -> dict[LearnerOnStream, float]:
    """Return the floating-point operations of each learner's updates on each stream.

    They are divided by those of plain training with Adam; groups whose costs are unknown are
    absent.
    """
    known = {}
    for group, runs in selection.groups.items():
        costs = _costs(selection, runs)
        if costs is not None and costs.recorded:
            known[group] = costs.flops
    return known


def _costs(selection: Selection, runs: Sequence[Run]) -> LearnerCosts | None:
    """What is stored with the first of some runs that is finished."""
    for run in runs:
        stored = selection.results.load(run)
        if stored is not None:
            return LearnerCosts.of(stored.info)
    return None


def sentences(selection: Selection) -> list[str]:
    """Return what tables say about costs, a line each."""
    costs = costs_of(selection)
    unrecorded = [label for label, cost in costs.items() if not cost.recorded]
    words = {label: cost.in_words() for label, cost in costs.items() if cost.recorded}
    told = [f"{label}: {text}" for label, text in words.items() if text]
    lines = []
    if told:
        lines.append(f"Costs of an update relative to plain Adam: {'; '.join(told)}.")
    if unrecorded:
        lines.append(f"Not recorded, so not verifiable: {', '.join(unrecorded)}.")
    return lines
