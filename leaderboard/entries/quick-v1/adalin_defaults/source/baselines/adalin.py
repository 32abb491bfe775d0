"""AdaLin: each unit learns how linear it is."""

from dataclasses import replace
from typing import ClassVar

import torch
from torch import nn

from plasticity_bench import Learner, Method, NetworkSpec, Uniform, build_network


class AdaLin(Learner):
    """The suite's network with x for x >= 0, else alpha_i x, for every activation of unit i.

    Rohani et al. (2025), arXiv:2505.09486, add alpha_i x g(x) to an activation, with alpha_i learnt
    for each unit and a gate g that is 1 where the activation is flat; with rectified linear units
    that is a PReLU for each unit (He et al., 2015, arXiv:1502.01852), as they say. alpha_i is a
    parameter as any other, trained by the learner's optimiser, and begins at `alpha`: at 0 the
    network is that of rectified linear units. Of a convolution a channel is a unit. The paper's
    other activations are not offered.

    Not verified against the authors' code, https://github.com/RoozbehRazavi/AdaLin: the formula is
    that of the paper. The value that alpha_i begins at is not verified either.
    """

    alpha: float = 0.0
    search: ClassVar = {"alpha": Uniform(0.0, 1.0)}
    method = Method(
        paper="2505.09486",
        year=2025,
        authors="Rohani et al.",
        verified="paper",
        differences=(
            "Not compared with the authors' code; the value that slopes begin at is not verified.",
            "For rectified linear units only.",
        ),
    )

    def build(self, spec: NetworkSpec) -> nn.Module:
        """Build the network with its activations replaced."""
        network = build_network(replace(spec, activation="prelu"))
        self._learn_slopes(network, 0)
        return network

    def _learn_slopes(self, network: nn.Module, width: int) -> int:
        """Give activations a slope for each unit; `width` is that of the layer before."""
        for part in network.children():
            if isinstance(part, nn.Linear | nn.Conv2d):
                width = len(part.weight)
            elif type(part).__name__ == "PReLU":
                part.weight = nn.Parameter(torch.full((width,), float(self.alpha)))
            else:
                width = self._learn_slopes(part, width)
        return width
