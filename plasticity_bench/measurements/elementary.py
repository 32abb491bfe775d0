"""Elementary functions of float64 numbers, with the same bits on every processor.

PyTorch (by MKL's vector library) and NumPy choose other code for sqrt, log and exp on other
processors, which rounds in another way. A square root is exact by IEEE 754 in NumPy, and the C
library, which Python's `math` calls, has one version for all processors with FMA.
"""

import math
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Array = NDArray[np.float64]


def sqrt(values: Tensor) -> Tensor:
    """Return square roots, of any shape; NaN below 0."""
    with np.errstate(invalid="ignore"):
        roots = np.sqrt(values.detach().cpu().numpy())
    return torch.from_numpy(np.asarray(roots)).to(values.device)


def log(values: Array) -> Array:
    """Return natural logarithms of numbers above 0."""
    return _each(math.log, values)


def log10(values: Array) -> Array:
    """Return decimal logarithms of numbers above 0; NaN of NaN."""
    return _each(math.log10, values)


def exp(value: float) -> float:
    """Return the exponential of a number."""
    return math.exp(value)


def _each(function: Callable[[float], float], values: Array) -> Array:
    flat = [function(value) for value in values.ravel().tolist()]
    return np.array(flat, dtype=np.float64).reshape(values.shape)
