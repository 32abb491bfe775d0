"""The keys that networks have, and the sizes that follow from them."""

from dataclasses import dataclass, fields
from typing import Any

from plasticity_bench.errors import BadInputError
from plasticity_bench.networks.activations import ACTIVATIONS
from plasticity_bench.networks.initialisation import INITS
from plasticity_bench.networks.norms import NORMS
from plasticity_bench.networks.own import FROM_STREAM

PADDINGS = ("same", "valid")
NOT_GIVEN: Any = None

CHOICES: dict[str, tuple[str, ...]] = {
    "padding": PADDINGS,
    "activation": tuple(ACTIVATIONS),
    "norm": NORMS,
    "init": tuple(INITS),
}
"""The keys whose value is one of some names."""


@dataclass(frozen=True, kw_only=True)
class NetworkKeys:
    """The keys of all families, unchecked. `NetworkSpec` documents them."""

    name: str = "mlp"
    hidden: tuple[int, ...] = NOT_GIVEN
    channels: tuple[int, ...] = NOT_GIVEN
    kernel_size: int | tuple[int, ...] = NOT_GIVEN
    padding: str = NOT_GIVEN
    width: int = NOT_GIVEN
    patch_size: int = NOT_GIVEN
    dim: int = NOT_GIVEN
    depth: int = NOT_GIVEN
    heads: int = NOT_GIVEN
    mlp_ratio: int = NOT_GIVEN
    activation: str = NOT_GIVEN
    norm: str = NOT_GIVEN
    init: str = NOT_GIVEN
    input_shape: tuple[int, ...]
    num_outputs: int

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of the inputs.

        Raises:
            BadInputError: if the inputs are not images.
        """
        if len(self.input_shape) not in (2, 3):
            raise refused(
                f"A {self.name} needs inputs of height and width, but these have shape "
                f"{self.input_shape}: use an mlp."
            )
        channels, height, width = (1, *self.input_shape)[-3:]
        return channels, height, width

    @property
    def kernels(self) -> tuple[int, ...]:
        """The kernel size of each convolution of a "cnn"."""
        if isinstance(self.kernel_size, tuple):
            return self.kernel_size
        return (self.kernel_size,) * len(self.channels)

    def pixels_padded(self, kernel: int) -> int:
        """Return how many pixels a convolution of a "cnn" pads on each side."""
        return kernel // 2 if self.padding == "same" else 0

    def side_after(self, side: int, kernel: int) -> int:
        """Return a height or width after a convolution of a "cnn" and its pooling."""
        return (side + 2 * self.pixels_padded(kernel) - kernel + 1) // 2


KEYS = tuple(one.name for one in fields(NetworkKeys) if one.name not in ("name", *FROM_STREAM))
"""The keys that families have, one or the other."""


def refused(sentence: str) -> BadInputError:
    """Return an error whose place in a suite's file is the network."""
    return BadInputError(sentence, key="network")
