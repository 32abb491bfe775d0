"""Distance of the parameters from their initial values."""

from plasticity_bench.measurements.probe import Measured, Probe, by_layer, difference, norm


def distance_from_init(probe: Probe) -> Measured:
    """Return `distance_from_init` = ||params - initial||_2, over all and for each layer.

    The explanation: an initialisation is a good place to learn from, and training leaves it (Kumar
    et al., 2023, arXiv:2308.11958). At least 0; lower is said to be better.
    """
    moved = difference(probe.params, probe.initial)
    return by_layer("distance_from_init", moved, norm)
