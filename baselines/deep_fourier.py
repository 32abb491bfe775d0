"""Deep Fourier features."""

from torch import nn

from plasticity_bench import Learner, Method, NetworkSpec, build_network, match_num_parameters


class DeepFourier(Learner):
    """The suite's network with [sin(x), cos(x)] for every activation.

    Lewandowski et al. (2024), arXiv:2410.20634. Each unit has two features, so the layers are made
    narrower, all by one factor, until the network has no more parameters than the suite's; keeping
    the number of features instead, as half the units do, leaves it with fewer. Weights are
    initialised as the suite says; whether the authors scale them otherwise is not verified.
    """

    method = Method(
        paper="2410.20634",
        year=2024,
        authors="Lewandowski et al.",
        verified="paper",
        differences=(
            "Layers are narrower, so that the network has no more parameters than the suite's.",
        ),
    )

    def build(self, spec: NetworkSpec) -> nn.Module:
        """Build the network with its activation replaced, and narrower."""
        return build_network(match_num_parameters(spec, activation="fourier"))
