"""What a network is to be: plain data that names a family, its sizes and its layers.

`build.build_network` makes the network; this module knows which keys each family has, their
defaults, and what cannot be built.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from plasticity_bench.errors import BadInputError, did_you_mean
from plasticity_bench.networks import own
from plasticity_bench.networks.activations import ACTIVATIONS, CONCATENATING
from plasticity_bench.networks.initialisation import INITS
from plasticity_bench.networks.norms import NORMS
from plasticity_bench.networks.own import FROM_STREAM, Plain
from plasticity_bench.source_code.source import source_of

PADDINGS = ("same", "valid")
NOT_GIVEN: Any = None

CHOICES: dict[str, tuple[str, ...]] = {
    "padding": PADDINGS,
    "activation": tuple(ACTIVATIONS),
    "norm": NORMS,
    "init": tuple(INITS),
}
"""The keys whose value is one of some names."""


@dataclass(frozen=True)
class Built:
    """What is known of a user's network where its Python is not imported.

    Attributes:
        num_parameters: how many parameters it has.
        convolves: whether it has convolutions.
        path: where its module is looked for, as `sys.path`.
    """

    num_parameters: int
    convolves: bool
    path: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class NetworkSpec:
    """What a learner is asked to build.

    A family reads some of the keys, as `FAMILIES` lists them; a key that is not given takes the
    family's default, and the keys of other families are None. Widths count linear units and
    channels: activations that concatenate make twice as many features of them.

    Attributes:
        name: the family, a name in `FAMILIES`; or a user's network, module:Class.
        hidden: widths of the hidden linear layers, of an "mlp" or a "cnn".
        channels: of the convolutional layers of a "cnn".
        kernel_size: width and height of their kernels, for all or for each.
        padding: "same" keeps height and width in convolutions, "valid" pads nothing.
        width: channels of the first stage of a "resnet18".
        patch_size: width and height of the patches of a "vit".
        dim: width of the tokens of a "vit" or a "gpt".
        depth: the number of its blocks.
        heads: of its attention.
        mlp_ratio: width of its blocks' hidden layers, in multiples of `dim`.
        activation: a name in `ACTIVATIONS`.
        norm: a name in `NORMS`; before each activation, or before each part of a "vit" or "gpt".
        init: a name in `INITS`.
        input_shape: shape of one example; images are (height, width) or (channels, height, width),
            texts (tokens, vocabulary).
        num_outputs: number of classes.
        settings: other keys of a user's network and their values, in alphabetical order.
        built: what is known of a user's network that was built once.

    Raises:
        BadInputError: if the family lacks a key, does not take one, or cannot be built so; or if
            there is no such network.
    """

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
    settings: tuple[tuple[str, Plain], ...] = ()
    built: Built | None = field(default=None, init=False, compare=False, repr=False)

    @classmethod
    def of(cls, keys: Mapping[str, Any], input_shape: tuple[int, ...], num_outputs: int) -> Self:
        """Return the specification with keys as a suite's file has them. Raises as the class."""
        known = {f.name for f in fields(cls)}
        others = tuple((key, value) for key, value in keys.items() if key not in known)
        given: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in keys.items()
            if key in known
        }
        return cls(**given, settings=others, input_shape=input_shape, num_outputs=num_outputs)

    def __post_init__(self) -> None:
        if isinstance(self.name, str) and self.name not in FAMILIES and own.is_own(self.name):
            self._fill_in_own()
            return
        _check_name("network", self.name, FAMILIES)
        family = FAMILIES[self.name]
        if self.settings:
            key, keys = self.settings[0][0], ", ".join(family.keys)
            raise _refused(f"The network {self.name!r} has no {key!r}: remove it. It has {keys}.")
        self._fill_in(family.keys)
        for key in ("activation", "norm", "init"):
            _check_name(key, getattr(self, key), CHOICES[key])
        family.check(self)

    def _fill_in(self, keys: dict[str, Any]) -> None:
        """Refuse what the family does not take, and set its defaults where nothing was given."""
        for key in KEYS:
            value = getattr(self, key)
            if key not in keys and value is not None:
                raise _refused(
                    f"The network {self.name!r} has no {key!r}: remove it. It has "
                    f"{', '.join(keys)}."
                )
            if key in keys and value is None:
                if isinstance(keys[key], Required):
                    raise _refused(f"The network {self.name!r} needs {key!r}: {keys[key].meaning}.")
                object.__setattr__(self, key, keys[key])
            if isinstance(value, list):
                object.__setattr__(self, key, tuple(value))
            _check_counts(key, getattr(self, key))

    def _fill_in_own(self) -> None:
        """Refuse what a user's network does not take, and set its defaults."""
        object.__setattr__(self, "name", own.reference_of(self.name))
        known = own.keys_of(self.name, own.find_network(self.name))
        given = {key: getattr(self, key) for key in KEYS if getattr(self, key) is not None}
        given |= dict(self.settings)
        for key in given:
            if key not in known:
                raise _refused(
                    f"The network {self.name} has no {key!r}: remove it, or add it to its "
                    f"signature. {did_you_mean(key, known)}"
                )
        settings: dict[str, Plain] = {}
        for key, default in known.items():
            value = own.plain(given.get(key, default))
            if key not in given and default is own.REQUIRED:
                raise _refused(f"The network {self.name} needs {key!r}, which has no default.")
            if key in given and value is None:
                raise _refused(
                    f"{key} of the network {self.name} must be a number, a text, a boolean, or a "
                    f"list of these, not {given[key]!r}."
                )
            if key in KEYS:
                object.__setattr__(self, key, value)
            elif value is not None:
                settings[key] = value
        object.__setattr__(self, "settings", tuple(sorted(settings.items())))

    @property
    def is_own(self) -> bool:
        """Whether it is a user's network, not one of a family."""
        return self.name not in FAMILIES

    @property
    def is_importable(self) -> bool:
        """Whether another process can import it; not so one of a notebook's cell."""
        return not self.is_own or ":" in self.name

    def parameters(self) -> dict[str, Any]:
        """Return every key that the network has, and its value."""
        keys = {key: getattr(self, key) for key in ("name", *KEYS, *FROM_STREAM)}
        return {k: v for k, v in {**keys, **dict(self.settings)}.items() if v is not None}

    def identity(self) -> dict[str, Any]:
        """Return what stands for the network in the identity of a run.

        These are its keys, and the source of a user's network.
        """
        if not self.is_own:
            return self.parameters()
        return {**self.parameters(), **source_of(own.find_network(self.name)).identity()}

    def as_data(self) -> dict[str, Any]:
        """Return the arguments that make an equal specification, of what `json.dumps` accepts."""
        return {key: value for key, value in asdict(self).items() if key != "built"}

    @property
    def convolves(self) -> bool:
        """Whether the network has convolutions, which a CPU is slow at in batches of replicas."""
        if self.is_own:
            return self.built is not None and self.built.convolves
        return FAMILIES[self.name].convolves

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of the inputs.

        Raises:
            BadInputError: if the inputs are not images.
        """
        if len(self.input_shape) not in (2, 3):
            raise _refused(
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


KEYS = tuple(
    one.name
    for one in fields(NetworkSpec)
    if one.name not in ("name", "settings", "built", *FROM_STREAM)
)
"""The keys that families have, one or the other."""


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
    check: Callable[[NetworkSpec], None]
    convolves: bool = False


def _check_cnn(spec: NetworkSpec) -> None:
    if not spec.channels:
        raise _refused("A cnn has channels, at least one number: without any it is an mlp.")
    if spec.padding not in PADDINGS:
        raise _refused(f"padding must be 'same' or 'valid', not {spec.padding!r}.")
    if len(spec.kernels) != len(spec.channels):
        raise _refused(
            f"kernel_size has {len(spec.kernels)} numbers for {len(spec.channels)} "
            "convolutions: give one number, or one for each."
        )
    _, height, width = spec.image_shape
    for number, kernel in enumerate(spec.kernels, 1):
        if spec.padding == "same" and kernel % 2 == 0:
            raise _refused(f"kernel_size must be odd, not {kernel}, unless padding is 'valid'.")
        height, width = spec.side_after(height, kernel), spec.side_after(width, kernel)
        if min(height, width) < 1:
            raise _refused(
                f"Inputs of {spec.input_shape[-2]} x {spec.input_shape[-1]} are too small for "
                f"convolution {number} of {len(spec.channels)} and its pooling: use fewer "
                "channels, smaller kernels, or padding 'same'."
            )


def _check_resnet(spec: NetworkSpec) -> None:
    assert spec.image_shape
    if spec.activation in CONCATENATING:
        raise _refused(
            f"A resnet18 cannot have the activation {spec.activation!r}, which doubles the "
            "channels of what is added to its shortcuts: use another, or a cnn."
        )


def _check_vit(spec: NetworkSpec) -> None:
    _, height, width = spec.image_shape
    if height % spec.patch_size or width % spec.patch_size:
        raise _refused(
            f"Inputs of {height} x {width} cannot be cut into patches of {spec.patch_size} x "
            f"{spec.patch_size}: use a patch_size that divides both."
        )
    _check_transformer(spec)


def _check_gpt(spec: NetworkSpec) -> None:
    if len(spec.input_shape) != 2:
        raise _refused(
            "A gpt needs inputs of (tokens, vocabulary), one-hot, but these have shape "
            f"{spec.input_shape}: use an mlp, or a vit for images."
        )
    _check_transformer(spec)


def _check_transformer(spec: NetworkSpec) -> None:
    if spec.dim % spec.heads:
        raise _refused(
            f"dim must be a multiple of heads, but {spec.dim} is not one of {spec.heads}."
        )
    if spec.norm == "group":
        raise _refused(
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


def _check_name(kind: str, name: str, known: Iterable[str]) -> None:
    if name not in known:
        raise _refused(f"Unknown {kind} {name!r}. {did_you_mean(str(name), known)}")


def _check_counts(key: str, value: Any) -> None:
    numbers = value if isinstance(value, tuple) else (value,)
    for number in numbers:
        if isinstance(number, int) and number < 1:
            raise _refused(f"{key} must be at least 1, not {number}.")


def _refused(sentence: str) -> BadInputError:
    """Return an error whose place in a suite's file is the network."""
    return BadInputError(sentence, key="network")
