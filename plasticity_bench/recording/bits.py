"""Equality of tensors in every bit."""

from collections.abc import Sequence

from torch import Tensor, equal


def same(some: Sequence[Tensor], others: Sequence[Tensor]) -> bool:
    """Return whether tensors are equal in every bit; NaN equals NaN."""
    return all(_same(one, other) for one, other in zip(some, others, strict=True))


def _same(one: Tensor, other: Tensor) -> bool:
    if one.shape != other.shape or one.device.type == "meta":  # which has no numbers
        return one.shape == other.shape
    return equal(one, other) or bool(((one == other) | (one.isnan() & other.isnan())).all())
