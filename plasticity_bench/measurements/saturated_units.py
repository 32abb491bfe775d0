"""Units of tanh at the flat ends of it."""

from torch import Tensor

from plasticity_bench.measurements.hidden import activation_kind
from plasticity_bench.measurements.probe import Measured, Probe
from plasticity_bench.measurements.units import mean_over_units

SATURATION = 0.9


def saturated_units(probe: Probe) -> Measured:
    """Return `saturated_tanh0.9`, the share of outputs of tanh units with |h| > 0.9.

    The mean over examples and units: the slope of tanh is then less than a fifth of its greatest.
    In [0, 1]; lower is said to be better. Not available for networks without tanh: other
    activations have no two flat ends.
    """
    tanh = {
        layer: outputs
        for layer, outputs in probe.hidden.items()
        if activation_kind(probe.module, layer) == "tanh"
    }

    def saturated(outputs: Tensor) -> Tensor:
        return (outputs.abs() > SATURATION).double().mean(1)

    return mean_over_units(probe.on_examples("saturated_tanh0.9"), probe, saturated, tanh)
