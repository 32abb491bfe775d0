"""Hidden units that are active on hardly any example."""

from torch import Tensor

from plasticity_bench.measurements.probe import Measured, Probe
from plasticity_bench.measurements.units import mean_over_units

SHARE = 0.01


def rarely_active_units(probe: Probe) -> Measured:
    """Return `rarely_active_units0.01`, the share of units that are not zero on less than 1 %.

    Dohare et al. (2024), doi:10.1038/s41586-024-07711-7, call these units dormant in their
    experiments on CIFAR-100: a unit counts if less than 0.01 of its outputs, over examples and
    places, are not zero. Unlike in `dormant_units`, how large the outputs are does not matter. With
    less than 100 outputs these are the dead units. In [0, 1]; lower is said to be better. Units of
    activations that are hardly ever exactly zero, as tanh, never count. Not available without
    hidden activations.
    """

    def rare(outputs: Tensor) -> Tensor:
        return (outputs != 0).double().mean(1) < SHARE

    return mean_over_units(probe.on_examples("rarely_active_units0.01"), probe, rare, probe.hidden)
