"""The norm of the parameters."""

from plasticity_bench.measurements.probe import Measured, Probe, by_layer, norm


def parameter_norm(probe: Probe) -> Measured:
    """Return `parameter_norm` = ||params||_2, over all weights and biases and for each layer.

    The explanation: parameters grow from task to task, and a step of a given size changes a large
    network less (Nikishin et al., 2022, arXiv:2205.07802; Dohare et al., 2021, arXiv:2108.06325).
    At least 0; lower is said to be better.
    """
    return by_layer("parameter_norm", probe.params, norm)
