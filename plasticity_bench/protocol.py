"""What is measured, when, and which tasks count."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """How a learner is evaluated on a stream.

    Attributes:
        curvature_every: curvature is measured at the start of every so-manieth task, counting from
            the first, and of every scored task.
        curvature_examples: on so many of the task's examples. Ranks over different numbers of
            examples cannot be compared, so the number is part of the measurement's name.
        reveal_boundaries: whether learners are told that a new task begins.
    """

    curvature_every: int = 5
    curvature_examples: int = 512
    reveal_boundaries: bool = False

    @property
    def curvature_name(self) -> str:
        """The name of the headline measurement of curvature."""
        return f"fisher_srank99_n{self.curvature_examples}"

    def measures_curvature(self, index: int, num_tasks: int) -> bool:
        """Return whether curvature is measured at the start of task `index`."""
        return index % self.curvature_every == 0 or index in scored_tasks(num_tasks)


def scored_tasks(num_tasks: int) -> range:
    """Return the tasks that scores are computed from: the last tenth, at least one.

    >>> scored_tasks(40)
    range(36, 40)
    >>> scored_tasks(3)
    range(2, 3)
    """
    return range(num_tasks - max(1, num_tasks // 10), num_tasks)
