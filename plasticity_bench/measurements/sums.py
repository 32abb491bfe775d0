"""Sums whose bits do not depend on how many replicas are measured beside.

PyTorch and NumPy add in an order that depends on the whole shape, and so on the number of replicas
in it.
"""

import operator
from collections.abc import Iterable
from functools import reduce
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Summand = TypeVar("Summand", Tensor, NDArray[np.float64])


def in_order(values: Iterable[Summand]) -> Summand:
    """Return the sum, with one value added after the other."""
    return reduce(operator.add, values)


def of_replicas(values: Tensor) -> Tensor:
    """Return each replica's sum, (replicas,), of values (replicas, *shape)."""
    return torch.stack([of_replica.flatten().sum() for of_replica in values])
