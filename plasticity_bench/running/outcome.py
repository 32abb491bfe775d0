"""How a group ended, and how one that was run in parts did."""

from collections.abc import Sequence
from dataclasses import dataclass

from plasticity_bench.suite.planning import Group


@dataclass(frozen=True)
class Outcome:
    """How a group ended.

    Attributes:
        seconds: wall time.
        num_diverged: replicas that diverged.
        error: why it failed, in a sentence; None if its results are stored.
        notes: what a person should know beside it; each is reported once.
        busy: indices of the runs that another process works on.
        stopped: whether it ended early because it was asked to.
    """

    seconds: float = 0.0
    num_diverged: int = 0
    error: str | None = None
    notes: tuple[str, ...] = ()
    busy: tuple[int, ...] = ()
    stopped: bool = False

    @property
    def complete(self) -> bool:
        """Whether all that was begun is stored."""
        return self.error is None and not self.stopped


def together(
    group: Group, parts: Sequence[Group], outcomes: Sequence[Outcome], note: str | None
) -> Outcome:
    """The outcome of a group that was run in parts."""
    pairs = zip(parts, outcomes, strict=True)
    errors = [_with_setting(part, group, o.error) for part, o in pairs if o.error is not None]
    notes = [note for outcome in outcomes for note in outcome.notes]
    return Outcome(
        seconds=sum(outcome.seconds for outcome in outcomes),
        num_diverged=sum(outcome.num_diverged for outcome in outcomes),
        error="; ".join(dict.fromkeys(errors)) or None,
        notes=(note, *notes) if note else tuple(notes),
        stopped=any(outcome.stopped for outcome in outcomes),
    )


def _with_setting(half: Group, whole: Group, error: str) -> str:
    """An error, and the setting that it is of, where that is known only now."""
    if not whole.differing or half.differing:
        return error
    setting = half.learners[0].hyperparameters()
    return f"{', '.join(f'{name}={setting[name]}' for name in whole.differing)}: {error}"
