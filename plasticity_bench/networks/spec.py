"""What a network is to be: plain data that names a family, its sizes and its layers.

`build.build_network` makes the network.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from plasticity_bench.errors import did_you_mean
from plasticity_bench.networks import own
from plasticity_bench.networks.families import FAMILIES, Required
from plasticity_bench.networks.keys import CHOICES, KEYS, NetworkKeys, refused
from plasticity_bench.networks.own import FROM_STREAM, Plain
from plasticity_bench.source_code.source import source_of


@dataclass(frozen=True)
class Built:
    """What is known of a user's network where its Python is not imported.

    Attributes:
        num_parameters: how many parameters it has.
        convolves: whether it has convolutions.
        path: where its module is looked for, as `sys.path`.
        source: the hash of its source.
    """

    num_parameters: int
    convolves: bool
    path: tuple[str, ...]
    source: str | None


@dataclass(frozen=True, kw_only=True)
class NetworkSpec(NetworkKeys):
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
            raise refused(f"The network {self.name!r} has no {key!r}: remove it. It has {keys}.")
        self._fill_in(family.keys)
        for key in ("activation", "norm", "init"):
            _check_name(key, getattr(self, key), CHOICES[key])
        family.check(self)

    def _fill_in(self, keys: dict[str, Any]) -> None:
        """Refuse what the family does not take, and set its defaults where nothing was given."""
        for key in KEYS:
            value = getattr(self, key)
            if key not in keys and value is not None:
                raise refused(
                    f"The network {self.name!r} has no {key!r}: remove it. It has "
                    f"{', '.join(keys)}."
                )
            if key in keys and value is None:
                if isinstance(keys[key], Required):
                    raise refused(f"The network {self.name!r} needs {key!r}: {keys[key].meaning}.")
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
                raise refused(
                    f"The network {self.name} has no {key!r}: remove it, or add it to its "
                    f"signature. {did_you_mean(key, known)}"
                )
        settings: dict[str, Plain] = {}
        for key, default in known.items():
            value = own.plain(given.get(key, default))
            if key not in given and default is own.REQUIRED:
                raise refused(f"The network {self.name} needs {key!r}, which has no default.")
            if key in given and value is None:
                raise refused(
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


NAMED = ("padding", "activation", "norm", "init")
WIDTHS = ("hidden", "channels")
"""Keys whose values are names, and lists; the others are whole numbers."""


def _check_name(kind: str, name: str, known: Iterable[str]) -> None:
    if name not in known:
        raise refused(f"Unknown {kind} {name!r}. {did_you_mean(str(name), known)}")


def _check_counts(key: str, value: Any) -> None:
    if key in NAMED or value is None:
        return
    if key in WIDTHS and not isinstance(value, tuple):
        raise refused(f"{key} must be a list of whole numbers, not {value!r}.")
    for number in value if isinstance(value, tuple) else (value,):
        if type(number) is not int:
            raise refused(f"{key} must have whole numbers, not {number!r}.")
        if number < 1:
            raise refused(f"{key} must be at least 1, not {number}.")
