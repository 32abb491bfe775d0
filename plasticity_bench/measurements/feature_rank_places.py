"""Ranks of the features of images or sequences, with each unit at each place as a feature."""

import numpy as np

from plasticity_bench.measurements.common import of_each
from plasticity_bench.measurements.feature_rank import singular_values
from plasticity_bench.measurements.probe import Measured, Probe, unavailable
from plasticity_bench.measurements.spectrum import effective_rank, srank


def feature_rank_places(probe: Probe) -> Measured:
    """Return `feature_srank99_places` and `feature_effective_rank_places`, of each hidden layer.

    The other convention for convolutions: the matrix is (n examples, units x places), as in the
    code of Kumar et al. (2021), arXiv:2010.14498, and not (n x places, units) as in `feature_rank`.
    Its rank is at most n. Both are the same for layers without places. The number without a
    layer's name is that of the last hidden layer.

    Their code counts from 0: its srank is this one minus 1. Singular values are not squared, unlike
    those of `approximate_rank` in the code of Dohare et al. (2024), doi:10.1038/s41586-024-07711-7;
    the "stable rank" of their paper is srank 0.99.

    Higher is said to be better. Not available without hidden activations, nor for a layer that
    mixes examples and places, such as attention in windows.

    Cost: n^2 x units x places, and n^3.
    """
    formulas = {"feature_srank99_places": srank, "feature_effective_rank_places": effective_rank}
    measured = unavailable(probe, *map(probe.on_examples, formulas))
    n = probe.targets.shape[1]
    for layer, outputs in probe.hidden.items():
        if outputs.shape[1] % n:
            continue
        # Rows are ordered by example, then by place.
        sigma = singular_values(outputs.reshape(len(outputs), n, -1))
        for formula, number in formulas.items():
            ranks = of_each(sigma, number)  # type: ignore[arg-type]
            measured[f"{probe.on_examples(formula)}/{layer}"] = ranks
            measured[probe.on_examples(formula)] = np.array(ranks)  # of the last layer, in the end
    return measured
