"""Ranks of the feature matrix of each hidden layer."""

from collections.abc import Callable
from functools import partial

import numpy as np
from torch import Tensor

from plasticity_bench.measurements.common import eigenvalues, of_each
from plasticity_bench.measurements.probe import Measured, Probe, Values, unavailable
from plasticity_bench.measurements.spectrum import effective_rank, srank

THRESHOLD = 0.01

ROUNDING = 1e-7
"""Singular values below this share of the largest are rounding errors of float32."""


def feature_rank(probe: Probe) -> Measured:
    """Return three ranks of the matrix of features, for each hidden layer and for the last.

    With sigma the singular values of a layer's outputs, (N examples, units), not centred:

    - `feature_srank99`: the least number of sigma, largest first, that sum to 0.99 of all of them
      (Kumar et al., 2021, arXiv:2010.14498);
    - `feature_effective_rank`: exp of the entropy of sigma / sum(sigma) (Roy and Vetterli, 2007);
    - `feature_count_sigma0.01`: the number of sigma / sqrt(N) > 0.01 (Lyle et al., 2022,
      arXiv:2204.09560). It alone depends on the scale of the features.

    The number without a layer's name is that of the last hidden layer, whose outputs the head
    reads. From 0 to the smaller side of the matrix; higher is said to be better. Not available
    without hidden activations.
    """
    formulas = ("feature_srank99", "feature_effective_rank", "feature_count_sigma0.01")
    names = [probe.on_examples(formula) for formula in formulas]
    measured = unavailable(probe, *names)
    for layer, outputs in probe.hidden.items():
        sigma = singular_values(outputs)
        large = THRESHOLD * np.sqrt(outputs.shape[1])
        numbers: list[Callable[[Values], float]] = [srank, effective_rank]
        numbers.append(partial(_count_above, threshold=large))
        for name, number in zip(names, numbers, strict=True):
            ranks = of_each(sigma, number)
            measured[f"{name}/{layer}"] = ranks
            measured[name] = ranks  # of the last layer, in the end
    return measured


def _count_above(sigma: Values, threshold: float) -> int:
    return int((sigma > threshold).sum())


def singular_values(matrices: Tensor) -> Values:
    """Return the singular values of (replicas, rows, columns) matrices, in any order.

    From the eigenvalues of the smaller Gram matrix, in float64.
    """
    tall = matrices.double()
    if tall.shape[1] < tall.shape[2]:
        tall = tall.mT
    values: Values = np.sqrt(np.maximum(eigenvalues(tall.mT @ tall), 0))
    values[values <= ROUNDING * values.max(1, keepdims=True)] = 0
    return values
