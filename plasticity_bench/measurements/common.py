"""Shared by all curvature estimators: evaluation mode, input checks, eigenvalues."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from plasticity_bench.learners.optimizers import Params


@contextmanager
def eval_mode(module: nn.Module) -> Iterator[None]:
    """Return a context in which a network is in evaluation mode."""
    modes = {part: part.training for part in module.modules()}
    module.eval()
    try:
        yield
    finally:
        for part, training in modes.items():
            part.training = training


@contextmanager
def measuring(module: nn.Module) -> Iterator[None]:
    """Return a context of evaluation mode with attention that is twice differentiable."""
    with eval_mode(module), sdpa_kernel(SDPBackend.MATH):
        yield


def refuse_non_finite(params: Params) -> None:
    """Raise ValueError if a parameter is not finite."""
    if not all(bool(value.isfinite().all()) for value in params.values()):
        raise ValueError("Curvature needs finite parameters; some are NaN or infinite.")


def eigenvalues(matrices: Tensor) -> NDArray[np.float64]:
    """Return eigenvalues of symmetric matrices (m, n, n), ascending, (m, n); NaN for non-finite."""
    finite = matrices.isfinite().flatten(1).all(1)
    values = np.full(matrices.shape[:2], np.nan)
    # In float64: float32 eigvalsh has failed to converge on collapsed networks.
    values[finite.cpu().numpy()] = torch.linalg.eigvalsh(matrices[finite].double()).cpu().numpy()
    return values


def of_each(
    spectra: NDArray[np.float64], number: Callable[[NDArray[np.float64]], float]
) -> NDArray[np.float64]:
    """Return `number` of each replica's spectrum (replicas, n) as (replicas,); NaN propagates."""
    return np.array([np.nan if np.isnan(s).any() else float(number(s)) for s in spectra])
