"""The conditions that a probing task is learnt under, by name, and what they are compared with."""

from typing import NamedTuple

from plasticity_bench.probing.factors import FACTORS

OWN, OWN_RESET, OWN_FRESH = "own", "own_optimizer_reset", "own_fresh"
ADAM, FRESH = "adam", "fresh"
STEP_SIZES = {"adam_third": 1 / 3, ADAM: 1.0, "adam_triple": 3.0}
"""Multiples of the reference's step size, for fresh Adam on the network as it is."""

CONDITIONS = (OWN, OWN_RESET, OWN_FRESH, *STEP_SIZES, *FACTORS, FRESH)
"""Of every probe, in the order of tables. The first three are trained by the learner's own update,
all others by fresh Adam."""

VERSION = 1
"""Of what the conditions compute: stored probes of another version are computed again."""


class Bounds(NamedTuple):
    """What a condition is compared with.

    Attributes:
        worn: the condition in which nothing is restored.
        fresh: that in which everything is.
    """

    worn: str
    fresh: str


def bounds_of(condition: str) -> Bounds:
    """Return what a condition is compared with: both are trained in the same way."""
    own = condition in (OWN, OWN_RESET, OWN_FRESH)
    return Bounds(OWN, OWN_FRESH) if own else Bounds(ADAM, FRESH)
