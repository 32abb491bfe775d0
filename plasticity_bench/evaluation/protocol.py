"""What is measured, when, and which tasks count."""

from collections.abc import Collection
from dataclasses import KW_ONLY, asdict, dataclass
from typing import Any

from plasticity_bench.errors import BadInputError


@dataclass(frozen=True)
class Diagnostic:
    """A measurement beside the headline scores, and when it is taken.

    Attributes:
        name: in the registry of measurements.
        every: taken in every n-th task, counting from the first, and in every scored task.
        examples: how many of the task's examples it is computed on.
    """

    name: str
    _: KW_ONLY
    every: int = 5
    examples: int = 256

    def __post_init__(self) -> None:
        _check_counts(self, "every", "examples")


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """How a learner is evaluated on a stream.

    Attributes:
        curvature_every: curvature is measured at the start of every n-th task, counting from the
            first, and of every scored task; held-out examples at the end of the same tasks.
        curvature_examples: how many of the task's examples it is computed on. Ranks over different
            numbers of examples cannot be compared, so the number is part of the measurement's name.
        reveal_boundaries: whether `begin_task` is called when a new task begins.
        restarts: whether replicas start anew at each scored task and train on no other one, as a
            learner's own fresh copy does.
        diagnostics: what else is measured, at the start and the end of a task.
    """

    curvature_every: int = 5
    curvature_examples: int = 512
    reveal_boundaries: bool = False
    restarts: bool = False
    diagnostics: tuple[Diagnostic, ...] = ()

    curvature_diagnostic = "fisher_srank99"
    """The headline curvature, in the registry of measurements."""

    def __post_init__(self) -> None:
        _check_counts(self, "curvature_every", "curvature_examples")

    @property
    def curvature_name(self) -> str:
        """The name of the headline measurement of curvature."""
        return f"{self.curvature_diagnostic}_n{self.curvature_examples}"

    @property
    def own_fresh(self) -> "Protocol":
        """The protocol of a learner's own fresh copy: it measures what scores need.

        It does not depend on how often the learner itself is measured, so that suites that differ
        in that share the copy's runs.
        """
        return Protocol(
            curvature_every=1, curvature_examples=self.curvature_examples, restarts=True
        )

    def trained_tasks(self, num_tasks: int, scored: Collection[int]) -> list[int]:
        """Return the tasks that replicas are trained on, in order.

        Args:
            num_tasks: of the stream.
            scored: the stream's scored tasks.
        """
        return sorted(scored) if self.restarts else list(range(num_tasks))

    def is_measured(self, index: int, scored: Collection[int]) -> bool:
        """Return whether curvature and held-out examples are measured in task `index`.

        Args:
            index: of the task.
            scored: the stream's scored tasks.
        """
        return _is_measured(index, self.curvature_every, scored)

    def diagnostics_of(self, index: int, scored: Collection[int]) -> list[Diagnostic]:
        """Return what else is measured in task `index`, given the stream's scored tasks."""
        return [d for d in self.diagnostics if _is_measured(index, d.every, scored)]

    def identity(self) -> dict[str, Any]:
        """Return the protocol as results and suites' hashes have it: format 1.

        `restarts` is in it where it is true only: earlier keys stay valid.
        """
        parts = asdict(self)
        if not self.restarts:
            del parts["restarts"]
        parts["explanations"] = parts.pop("diagnostics")  # their name when format 1 was made
        return parts


def _check_counts(declared: Diagnostic | Protocol, *names: str) -> None:
    for name in names:
        value = getattr(declared, name)
        if type(value) is not int or value < 1:
            raise BadInputError(
                f"{type(declared).__name__}: {name} must be a whole number of at least 1, not "
                f"{value!r}.",
                key=name,
            )


def _is_measured(index: int, every: int, scored: Collection[int]) -> bool:
    return index % every == 0 or index in scored
