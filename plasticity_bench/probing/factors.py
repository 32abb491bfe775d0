"""The factors that are restored one at a time, from a fresh draw, all else as it was."""

from collections.abc import Callable

from plasticity_bench.learners.optimizers import Params
from plasticity_bench.probing.unit_factors import dormant_units, feature_rank, random_units
from plasticity_bench.probing.weight_factors import head, norms, weight_rank
from plasticity_bench.probing.worn import Worn

FACTORS: dict[str, Callable[[Worn], Params]] = {
    "head": head,
    "norms": norms,
    "weight_rank": weight_rank,
    "dormant_units": dormant_units,
    "random_units": random_units,
    "feature_rank": feature_rank,
}
"""By name, from worn networks to parameters; a NotApplicableError where there is no such factor."""
