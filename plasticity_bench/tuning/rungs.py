"""The rungs of successive halving: how many settings are tried, on how many tasks.

Successive halving: Jamieson and Talwalkar (2016), arXiv:1502.07943.
"""

from dataclasses import dataclass

FEWEST_TASKS = 5
"""Of the first rung: on fewer tasks there is no loss of plasticity to see."""


@dataclass(frozen=True)
class Rung:
    """One round of a search.

    Attributes:
        tasks: settings are tried on this many tasks, the first of each stream.
        settings: the number tried.
    """

    tasks: int
    settings: int


def rungs(tasks: int, settings: int, eta: int | None) -> list[Rung]:
    """Return the rounds of a search.

    Args:
        tasks: of the last round.
        settings: of the first round.
        eta: each round has eta times the tasks and 1/eta of the settings of the one before;
            None for a single round.

    >>> rungs(40, 16, 2)
    [Rung(tasks=5, settings=16), Rung(tasks=10, settings=8), Rung(tasks=20, settings=4), \
Rung(tasks=40, settings=2)]
    """
    lengths = [tasks]
    while eta and lengths[-1] // eta >= FEWEST_TASKS and settings // eta ** len(lengths):
        lengths.append(lengths[-1] // eta)
    kept = [settings // (eta or 1) ** round_index for round_index in range(len(lengths))]
    return [Rung(*pair) for pair in zip(reversed(lengths), kept, strict=True)]
