"""Smooth-Leaky: a leaky rectifier without a kink."""

from dataclasses import replace
from typing import Annotated, ClassVar

from pydantic import Field
from torch import nn

from plasticity_bench import Learner, LogUniform, Method, NetworkSpec, Uniform, build_network


class SmoothLeaky(Learner):
    """The suite's network with alpha x + (1 - alpha) x sigmoid(sharpness x) for every activation.

    Lillo and Cheney (2025), arXiv:2509.22562, who write sharpness as c / p and search over both;
    their mean slopes for negative inputs that keep plasticity best lie between 0.6 and 0.9.

    Not verified against the authors' code, https://github.com/lute47lillo/activations_plasticity:
    the formula is that of the paper, and defaults are not theirs. Their randomised form, which
    draws alpha in every forward pass, is another method.
    """

    alpha: Annotated[float, Field(ge=0, le=1)] = 0.7
    sharpness: Annotated[float, Field(gt=0)] = 1.0
    search: ClassVar = {"alpha": Uniform(0.1, 0.9), "sharpness": LogUniform(0.1, 10.0)}
    method = Method(
        paper="2509.22562",
        year=2025,
        authors="Lillo and Cheney",
        verified="paper",
        differences=(
            "Not compared with the authors' code.",
            "c / p is one number; defaults are not the authors'.",
        ),
    )

    def build(self, spec: NetworkSpec) -> nn.Module:
        """Build the network with its activation replaced."""
        network = build_network(replace(spec, activation="smooth_leaky"))
        for part in network.modules():
            if hasattr(part, "sharpness"):
                vars(part).update(alpha=float(self.alpha), sharpness=float(self.sharpness))
        return network
