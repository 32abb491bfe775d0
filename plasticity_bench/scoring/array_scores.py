"""Scores of plain arrays: for results that this package has not computed."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from plasticity_bench.errors import BadInputError
from plasticity_bench.scoring.scores import shares
from plasticity_bench.statistics import Interval, known, mean_interval
from plasticity_bench.statistics.aggregates import Array


def trainability(accuracy: ArrayLike, reference: ArrayLike, chance: ArrayLike) -> Array:
    r"""Return $(a - c) / (r - c)$: the share of what a fresh, tuned network learns.

    It is not clipped: above 1 for a learner that is better than the reference. NaN where
    the reference gains nothing. The definition is that of the table (docs/scores.md).

    Args:
        accuracy: at the end of a task, averaged over the scored tasks; any shape.
        reference: of a fresh, tuned network on the same tasks; of the same shape.
        chance: the accuracy without learning; of a shape that broadcasts.
    """
    return _fraction(accuracy, chance, reference)


def retained_plasticity(accuracy: ArrayLike, own_fresh: ArrayLike, chance: ArrayLike) -> Array:
    r"""Return $(a - c) / (o - c)$: below 1 plasticity was lost, above 1 gained.

    NaN where the fresh copy gains nothing.

    Args:
        accuracy: at the end of a task, averaged over the scored tasks; any shape.
        own_fresh: of the same learner, network and settings, restarted at each of these tasks.
        chance: the accuracy without learning; of a shape that broadcasts.
    """
    return _fraction(accuracy, chance, own_fresh)


def curvature_retention(rank: ArrayLike, own_fresh_rank: ArrayLike, floor: ArrayLike) -> Array:
    r"""Return $(k - f) / (k_o - f)$, of curvature ranks at the start of tasks.

    NaN where the fresh copy has no more than the floor.

    Args:
        rank: averaged over the scored tasks; any shape.
        own_fresh_rank: of the same learner, network and settings, restarted at each of these tasks.
        floor: the rank that a dead network keeps; of a shape that broadcasts.
    """
    return _fraction(rank, floor, own_fresh_rank)


def score_arrays(
    accuracy: ArrayLike,
    reference: ArrayLike,
    chance: ArrayLike,
    *,
    own_fresh: ArrayLike | None = None,
    rank: ArrayLike | None = None,
    own_fresh_rank: ArrayLike | None = None,
    floor: ArrayLike | None = None,
) -> dict[str, Interval]:
    """Return every score that some numbers allow: its mean with a 95 % interval over seeds.

    Args:
        accuracy: (seeds,) or (streams, seeds); see `trainability`.
        reference: likewise.
        chance: a number, or of a shape that broadcasts.
        own_fresh: see `retained_plasticity`.
        rank: see `curvature_retention`; with `own_fresh_rank` and `floor`.
        own_fresh_rank: likewise.
        floor: likewise.

    Returns:
        "trainability", and "retained_plasticity" and "curvature_retention" where their arrays are
        given. Scores that are NaN are left out, as in the table; n/a is an interval of NaN.

    Raises:
        BadInputError: if shapes do not fit, or a part of what curvature retention needs is missing.
    """
    shape = np.shape(accuracy)
    if len(shape) not in (1, 2) or 0 in shape:
        raise BadInputError(f"accuracy must be (seeds,) or (streams, seeds), not {shape}.")
    given = {"rank": rank, "own_fresh_rank": own_fresh_rank, "floor": floor}
    missing = [name for name, values in given.items() if values is None]
    if 0 < len(missing) < len(given):
        raise BadInputError(f"Curvature retention needs {missing[0]} too.")
    arrays = {"reference": reference, "chance": chance, "own_fresh": own_fresh, **given}
    _check_shapes(shape, {k: v for k, v in arrays.items() if v is not None})
    scores = {"trainability": trainability(accuracy, reference, chance)}
    if own_fresh is not None:
        scores["retained_plasticity"] = retained_plasticity(accuracy, own_fresh, chance)
    if rank is not None and own_fresh_rank is not None and floor is not None:
        scores["curvature_retention"] = curvature_retention(rank, own_fresh_rank, floor)
    return {k: mean_interval(known(np.atleast_2d(v))) for k, v in scores.items()}


def _check_shapes(shape: tuple[int, ...], arrays: Mapping[str, ArrayLike]) -> None:
    for name, values in arrays.items():
        given = np.shape(values)
        fits = given == shape or (name in ("chance", "floor") and _broadcasts(given, shape))
        if not fits:
            raise BadInputError(f"{name} is of shape {given}, but accuracy of {shape}.")


def _broadcasts(given: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(given, shape) == shape
    except ValueError:
        return False


def _fraction(values: ArrayLike, floor: ArrayLike, reference: ArrayLike) -> Array:
    value, low, high = map(_numbers, (values, floor, reference))
    for array in (low, high):
        if not _broadcasts(array.shape, value.shape):
            raise BadInputError(
                f"Arrays of shapes {value.shape} and {array.shape} do not fit: give a number for "
                "each score."
            )
    return shares(value - low, high - low)


def _numbers(given: ArrayLike) -> Array:
    """As float64; NaN where it is masked."""
    if np.iscomplexobj(given):
        raise BadInputError("Scores are of real numbers, not of complex ones.")
    return np.ma.filled(np.ma.asarray(given, dtype=np.float64), np.nan)
