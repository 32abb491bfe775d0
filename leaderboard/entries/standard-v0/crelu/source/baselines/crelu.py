"""Concatenated rectified linear units."""

from torch import nn

from plasticity_bench import Learner, Method, NetworkSpec, build_network, match_num_parameters


class CReLU(Learner):
    """The suite's network with [relu(x), relu(-x)] for every activation.

    Shang et al. (2016), arXiv:1603.05201; against loss of plasticity, Abbas et al. (2023),
    arXiv:2303.07507. Each unit has two features, so the layers are made narrower, all by one
    factor, until the network has no more parameters than the suite's.
    """

    method = Method(
        paper="1603.05201",
        year=2016,
        authors="Shang et al.",
        verified="paper",
        differences=(
            "Layers are narrower, so that the network has no more parameters than the suite's.",
        ),
    )

    def build(self, spec: NetworkSpec) -> nn.Module:
        """Build the network with its activation replaced, and narrower."""
        return build_network(match_num_parameters(spec, activation="crelu"))
