"""The rank of the features that a hidden layer makes of the examples."""

import numpy as np

from plasticity_bench.measurements.probe import Measured, Probe, unavailable
from plasticity_bench.measurements.ranks import effective_rank, singular_values, srank

THRESHOLD = 0.01


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
        large = (sigma > THRESHOLD * np.sqrt(outputs.shape[1])).sum(1)
        count = np.where(np.isfinite(sigma).all(1), large, np.nan)
        for name, ranks in zip(names, (srank(sigma), effective_rank(sigma), count), strict=True):
            measured[f"{name}/{layer}"] = ranks
            measured[name] = ranks  # of the last layer, in the end
    return measured
