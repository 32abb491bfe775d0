"""Layer normalisation."""

from dataclasses import replace

from torch import nn

from plasticity_bench import Learner, Method, NetworkSpec, build_network


class LayerNorm(Learner):
    """The suite's network with layer normalisation before every activation.

    Ba et al. (2016), arXiv:1607.06450; against loss of plasticity, Lyle et al. (2023),
    arXiv:2303.01486.
    """

    method = Method(
        paper="1607.06450",
        year=2016,
        authors="Ba et al.",
        verified="paper",
    )

    def build(self, spec: NetworkSpec) -> nn.Module:
        """Build the network with its norm replaced."""
        return build_network(replace(spec, norm="layer"))
