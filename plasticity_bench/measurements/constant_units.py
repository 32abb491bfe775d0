"""Hidden units whose output is constant."""

from torch import Tensor

from plasticity_bench.measurements.probe import Measured, Probe
from plasticity_bench.measurements.units import mean_over_units

ROUNDING = 1e-6


def constant_units(probe: Probe) -> Measured:
    """Return `constant_units`, the share of hidden units with the same output on every example.

    Constant: max_x h_i(x) - min_x h_i(x) <= 1e-6 max_x |h_i(x)|. That is death in every activation:
    a ReLU that is always zero, a tanh that is always 1 (*frozen units*, Joudaki et al., 2025,
    arXiv:2510.00304), a unit with no incoming weights. In [0, 1]; lower is said to be better. Not
    available without hidden activations.
    """

    def constant(outputs: Tensor) -> Tensor:
        spread = outputs.amax(1).double() - outputs.amin(1).double()
        return spread <= ROUNDING * outputs.abs().amax(1).double()

    return mean_over_units(probe.on_examples("constant_units"), probe, constant, probe.hidden)
