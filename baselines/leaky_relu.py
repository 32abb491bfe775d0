"""Leaky rectified linear units."""

from dataclasses import replace

from torch import nn

from plasticity_bench import Learner, Method, NetworkSpec, build_network


class LeakyReLU(Learner):
    """The suite's network with max(x, 0.01 x) for every activation, so that no unit can die.

    Maas et al. (2013); the slope is PyTorch's default.
    """

    method = Method(
        authors="Maas et al.",
        year=2013,
        paper="https://ai.stanford.edu/~amaas/papers/relu_hybrid_icml2013_final.pdf",
        verified="paper",
    )

    def build(self, spec: NetworkSpec) -> nn.Module:
        """Build the network with its activation replaced."""
        return build_network(replace(spec, activation="leaky_relu"))
