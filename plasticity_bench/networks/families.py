"""The families of networks: which keys each has, their defaults, and what cannot be built."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from plasticity_bench.networks.activations import CONCATENATING
from plasticity_bench.networks.keys import PADDINGS, NetworkKeys, refused


@dataclass(frozen=True)
class Required:
    """Marks a key without a default; `meaning` ends the sentence that asks for it."""

    meaning: str


@dataclass(frozen=True)
class Family:
    """A family of networks.

    Attributes:
        keys: the keys of a specification that it reads, with their defaults.
        check: raises BadInputError for what it cannot build.
        convolves: whether it has convolutions.
    """

    keys: dict[str, Any]
    check: Callable[[NetworkKeys], None]
    convolves: bool = False


def _check_cnn(spec: NetworkKeys) -> None:
    if not spec.channels:
        raise refused("A cnn has channels, at least one number: without any it is an mlp.")
    if spec.padding not in PADDINGS:
        raise refused(f"padding must be 'same' or 'valid', not {spec.padding!r}.")
    if len(spec.kernels) != len(spec.channels):
        raise refused(
            f"kernel_size has {len(spec.kernels)} numbers for {len(spec.channels)} "
            "convolutions: give one number, or one for each."
        )
    _, height, width = spec.image_shape
    for number, kernel in enumerate(spec.kernels, 1):
        if spec.padding == "same" and kernel % 2 == 0:
            raise refused(f"kernel_size must be odd, not {kernel}, unless padding is 'valid'.")
        height, width = spec.side_after(height, kernel), spec.side_after(width, kernel)
        if min(height, width) < 1:
            raise refused(
                f"Inputs of {spec.input_shape[-2]} x {spec.input_shape[-1]} are too small for "
                f"convolution {number} of {len(spec.channels)} and its pooling: use fewer "
                "channels, smaller kernels, or padding 'same'."
            )


def _check_resnet(spec: NetworkKeys) -> None:
    assert spec.image_shape
    if spec.activation in CONCATENATING:
        raise refused(
            f"A resnet18 cannot have the activation {spec.activation!r}, which doubles the "
            "channels of what is added to its shortcuts: use another, or a cnn."
        )


def _check_vit(spec: NetworkKeys) -> None:
    _, height, width = spec.image_shape
    if height % spec.patch_size or width % spec.patch_size:
        raise refused(
            f"Inputs of {height} x {width} cannot be cut into patches of {spec.patch_size} x "
            f"{spec.patch_size}: use a patch_size that divides both."
        )
    _check_transformer(spec)


def _check_gpt(spec: NetworkKeys) -> None:
    if len(spec.input_shape) != 2:
        raise refused(
            "A gpt needs inputs of (tokens, vocabulary), one-hot, but these have shape "
            f"{spec.input_shape}: use an mlp, or a vit for images."
        )
    _check_transformer(spec)


def _check_transformer(spec: NetworkKeys) -> None:
    if spec.dim % spec.heads:
        raise refused(
            f"dim must be a multiple of heads, but {spec.dim} is not one of {spec.heads}."
        )
    if spec.norm == "group":
        raise refused(
            f"A {spec.name} normalises each token by itself: its norm is 'layer' or 'none'."
        )


_HIDDEN = Required("the widths of its hidden layers, [] for none")
_TRANSFORMER: dict[str, Any] = {
    "dim": Required("the width of its tokens"),
    "depth": Required("the number of its blocks"),
    "heads": Required("how many heads its attention has"),
    "mlp_ratio": 4,
    "activation": "gelu",
    "norm": "layer",
    "init": "pytorch",
}

FAMILIES: dict[str, Family] = {
    "mlp": Family(
        {"hidden": _HIDDEN, "activation": "relu", "norm": "none", "init": "pytorch"},
        check=lambda _spec: None,
    ),
    "cnn": Family(
        {
            "channels": Required("one number for each convolution"),
            "kernel_size": 5,
            "padding": "same",
            "hidden": _HIDDEN,
            "activation": "relu",
            "norm": "none",
            "init": "pytorch",
        },
        check=_check_cnn,
        convolves=True,
    ),
    "resnet18": Family(
        {"width": 64, "activation": "relu", "norm": "group", "init": "pytorch"},
        check=_check_resnet,
        convolves=True,
    ),
    "vit": Family(
        {"patch_size": Required("the side of its square patches, in pixels"), **_TRANSFORMER},
        check=_check_vit,
    ),
    "gpt": Family(_TRANSFORMER, check=_check_gpt),
}
"""Families of networks by name."""
