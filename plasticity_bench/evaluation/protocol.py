"""What is measured, when, and which tasks count."""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """A measurement that stands beside the headline, and when it is taken.

    Attributes:
        name: in the registry of measurements.
        every: taken in every so-manieth task, counting from the first, and in every scored task.
        examples: on so many of the task's examples.
    """

    name: str
    every: int = 5
    examples: int = 256


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """How a learner is evaluated on a stream.

    Attributes:
        curvature_every: curvature is measured at the start of every so-manieth task, counting from
            the first, and of every scored task; held-out examples at the end of the same tasks.
        curvature_examples: on so many of the task's examples. Ranks over different numbers of
            examples cannot be compared, so the number is part of the measurement's name.
        reveal_boundaries: whether learners are told that a new task begins.
        explanations: what else is measured, at the start and the end of a task.
    """

    curvature_every: int = 5
    curvature_examples: int = 512
    reveal_boundaries: bool = False
    explanations: tuple[Explanation, ...] = ()

    @property
    def curvature_name(self) -> str:
        """The name of the headline measurement of curvature."""
        return f"fisher_srank99_n{self.curvature_examples}"

    def is_measured(self, index: int, scored: Collection[int]) -> bool:
        """Return whether curvature and held-out examples are measured in task `index`.

        Args:
            index: of the task.
            scored: the stream's scored tasks.
        """
        return _is_measured(index, self.curvature_every, scored)

    def explanations_of(self, index: int, scored: Collection[int]) -> list[Explanation]:
        """Return what else is measured in task `index`, given the stream's scored tasks."""
        return [e for e in self.explanations if _is_measured(index, e.every, scored)]


def _is_measured(index: int, every: int, scored: Collection[int]) -> bool:
    return index % every == 0 or index in scored
