"""Hidden units whose outputs duplicate those of another unit."""

import torch
from torch import Tensor

from plasticity_bench.measurements.probe import Measured, Probe
from plasticity_bench.measurements.units import mean_over_units

SIMILARITY = 0.95


def duplicate_units(probe: Probe) -> Measured:
    """Return `duplicate_units_cos0.95`, the share of units that repeat one before them.

    Unit j repeats unit i < j of its layer if the cosine between their outputs on the examples,
    h_i . h_j / (||h_i|| ||h_j||), not centred, is above 0.95: k equal units are k - 1 duplicates.
    Units that are zero on every example are dead, not duplicates. Duplicates receive equal updates
    where their outgoing weights are equal too (*cloned units*, Joudaki et al., 2025,
    arXiv:2510.00304; their criterion is another, a share of explained variance). In [0, 1]; lower
    is said to be better. Not available without hidden activations.
    """

    def duplicates(outputs: Tensor) -> Tensor:
        outputs = outputs.double()
        lengths = outputs.norm(dim=1, keepdim=True)
        directions = outputs / torch.where(lengths > 0, lengths, 1)
        cosines = directions.mT @ directions  # (replicas, units, units)
        return (cosines.triu(1) > SIMILARITY).any(1)

    name = probe.on_examples("duplicate_units_cos0.95")
    return mean_over_units(name, probe, duplicates, probe.hidden)
