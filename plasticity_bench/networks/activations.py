"""Activations by name.

Two of them concatenate, and return two features for each unit. A network's widths
always count its linear units: a layer that follows `crelu` or `fourier` sees twice that number.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional


class CReLU(nn.Module):
    """Concatenate relu(x) and relu(-x) (Shang et al., 2016, arXiv:1603.05201)."""

    def forward(self, x: Tensor) -> Tensor:
        """Return both halves along the features' axis."""
        return torch.cat([functional.relu(x), functional.relu(-x)], _features(x))


class Fourier(nn.Module):
    """Concatenate sin(x) and cos(x), deep Fourier features (Lewandowski et al., arXiv:2410.20634).

    Widths count linear units, as for CReLU, which differs from the paper: to compare at an equal
    number of features, halve them.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return both halves along the features' axis."""
        return torch.cat([x.sin(), x.cos()], _features(x))


class PReLU(nn.Module):
    """x where it is positive, else weight * x (He et al., 2015, arXiv:1502.01852).

    One weight, which is learnt, for all units; or one for each, if `weight` is replaced by so many.
    `nn.PReLU` has units on the second axis also where they are on the last, and its gradient cannot
    be mapped over examples and seeds, as curvature does (PyTorch 2.13).
    """

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((1,), 0.25))

    def forward(self, x: Tensor) -> Tensor:
        """Return the same shape."""
        weight = self.weight[:, None, None] if x.ndim == 4 else self.weight
        return functional.relu(x) - weight * functional.relu(-x)


class SmoothLeaky(nn.Module):
    """x * (alpha + (1 - alpha) * sigmoid(sharpness * x)) (arXiv:2509.22562)."""

    def __init__(self, alpha: float = 0.7, sharpness: float = 1.0) -> None:
        super().__init__()
        self.alpha, self.sharpness = alpha, sharpness

    def forward(self, x: Tensor) -> Tensor:
        """Return the same shape: near x where x is large, near alpha * x where -x is."""
        return self.alpha * x + (1 - self.alpha) * x * torch.sigmoid(self.sharpness * x)


def _features(x: Tensor) -> int:
    """The axis of an image's channels, (n, channels, height, width); otherwise the last."""
    return 1 if x.ndim == 4 else -1


ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "tanh": nn.Tanh,
    "gelu": nn.GELU,
    "identity": nn.Identity,
    "crelu": CReLU,
    "fourier": Fourier,
    "prelu": PReLU,
    "smooth_leaky": SmoothLeaky,
}

CONCATENATING = ("crelu", "fourier")


def num_features(activation: str, width: int) -> int:
    """Return how many features an activation makes of `width` linear units."""
    return 2 * width if activation in CONCATENATING else width
