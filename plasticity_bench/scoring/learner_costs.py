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


Costs = dict[LearnerOnStream, LearnerCosts]


def costs_of(selection: Selection) -> Costs:
    """Return the costs of each learner of a selection on each stream; what is unknown is absent."""
    found = {group: _costs(selection, runs) for group, runs in selection.groups.items()}
    return {group: costs for group, costs in found.items() if costs is not None}


def by_learner(costs: Costs) -> dict[str, LearnerCosts]:
    """Return the costs of each learner, on the first stream where they are known."""
    found: dict[str, LearnerCosts] = {}
    for group, of_group in costs.items():
        found.setdefault(group.learner, of_group)
    return found


def flops(costs: Costs) -> dict[LearnerOnStream, float]:
    """Return the floating-point operations of each learner's updates on each stream.

    They are divided by those of plain training with Adam; of unrecorded learners they are unknown.
    """
    return {group: known.flops for group, known in costs.items() if known.recorded}


def _costs(selection: Selection, runs: Sequence[Run]) -> LearnerCosts | None:
    """What is stored with the first of some runs that is finished."""
    for run in runs:
        stored = selection.results.load(run)
        if stored is not None:
            return LearnerCosts.of(stored.info)
    return None


def sentences(costs: Costs) -> list[str]:
    """Return what tables say about costs, a line each."""
    known = by_learner(costs)
    unrecorded = [label for label, cost in known.items() if not cost.recorded]
    words = {label: cost.in_words() for label, cost in known.items() if cost.recorded}
    told = [f"{label}: {text}" for label, text in words.items() if text]
    lines = []
    if told:
        lines.append(f"Costs of an update relative to plain Adam: {'; '.join(told)}.")
    if unrecorded:
        lines.append(f"Not recorded, so not verifiable: {', '.join(unrecorded)}.")
    return lines
