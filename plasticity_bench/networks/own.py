"""Networks of a user's own: `module:Class`, or a name that was registered for one.

A network's class, or a function that returns one, is called with `input_shape`, `num_outputs` and
the keys of its own: whatever else is in its signature.
"""

import inspect
import re
import traceback
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from torch import nn

from plasticity_bench.errors import BadInputError, PlasticityBenchError, did_you_mean
from plasticity_bench.names import check_name
from plasticity_bench.source_code.importing import imported_object

PLUGIN_GROUP = "plasticity_bench.networks"
FROM_STREAM = ("input_shape", "num_outputs")
RESERVED = ("name", "settings", "built")
"""Attributes of a specification that no network may have as keys."""

Factory = Callable[..., nn.Module]
Plain = bool | int | float | str | tuple["Plain", ...]

REQUIRED: Any = inspect.Parameter.empty

_registered: dict[str, Factory] = {}


def register_network(name: str, factory: Factory) -> None:
    """Register a network under a name, so that suites can name it so.

    A package registers one by an entry point, in the group `plasticity_bench.networks`.

    Args:
        name: letters, digits, `_`, `-` and `.`.
        factory: a class of modules, or a function that returns one. It is called with
            `input_shape`, `num_outputs`, and the keys of its own.

    Raises:
        BadInputError: if the name is malformed, or is registered already for another network.
    """
    check_name(name, "The network", "network")
    if not re.fullmatch(r"[A-Za-z_][\w.-]*", name):
        raise BadInputError(
            f"A network's name has letters, digits and _ . -, as my_net: not {name!r}."
        )
    earlier = _registered.get(name, factory)
    places = {(one.__module__, one.__qualname__) for one in (earlier, factory)}
    if len(places) > 1 or name in _installed():
        raise BadInputError(f"Network {name} is registered already: give yours another name.")
    keys_of(name, factory)
    _registered[name] = factory


def registered_networks() -> list[str]:
    """Return the names of all registered networks, sorted."""
    return sorted({*_registered, *_installed()})


def is_own(name: str) -> bool:
    """Return whether a name is of a user's network: registered, or module:Class."""
    return ":" in name or name in registered_networks()


def reference_of(name: str) -> str:
    """Return a network's `module:Class`; its registered name, if it cannot be imported by one."""
    if ":" in name:
        return name
    if name in _registered:
        factory = _registered[name]
        importable = factory.__module__ != "__main__" and "." not in factory.__qualname__
        return f"{factory.__module__}:{factory.__qualname__}" if importable else name
    return _installed()[name]


def find_network(reference: str) -> Factory:
    """Return the class or function of a network.

    Args:
        reference: as `reference_of` returned it.

    Raises:
        BadInputError: if there is none, or its module does not import.
    """
    if reference in _registered:
        return _registered[reference]
    module_name, _, name = reference.partition(":")
    try:
        factory, module = imported_object("Network", reference)
    except BadInputError as error:
        raise BadInputError(str(error), "network") from error
    if factory is None:
        hint = did_you_mean(name, _networks_in(module))
        raise _wrong(reference, f"{module_name} has no class or function {name!r}. {hint}")
    if inspect.isclass(factory) and not issubclass(factory, nn.Module):
        raise _wrong(reference, f"{name} is not a subclass of torch.nn.Module.")
    if not callable(factory):
        raise _wrong(reference, f"{name} is neither a class nor a function.")
    made: Factory = factory
    return made


def keys_of(reference: str, factory: Factory) -> dict[str, Any]:
    """Return the keys that a network takes beside those of the stream, with their defaults.

    A key without a default has `REQUIRED`.

    Raises:
        BadInputError: if it cannot be called as networks are.
    """
    try:
        parameters = inspect.signature(factory).parameters
    except (TypeError, ValueError) as error:
        raise _wrong(reference, f"its signature cannot be read: {error}.") from None
    missing = [name for name in FROM_STREAM if name not in parameters]
    collected = [p.name for p in parameters.values() if p.kind not in _BY_NAME]
    if missing or collected:
        what = f"lacks {missing[0]}" if missing else f"has {collected[0]}, which has no name"
        raise _wrong(
            reference,
            "it is called with input_shape, num_outputs and keys of its own, by name, but its "
            f"signature {what}: write (input_shape, num_outputs, width=64), for example.",
        )
    for name in RESERVED:
        if name in parameters:
            raise _wrong(reference, f"it cannot have a parameter called {name!r}: rename it.")
    return {k: p.default for k, p in parameters.items() if k not in FROM_STREAM}


def plain(value: Any) -> Plain | None:
    """Return a value that a suite's file can hold, lists as tuples; None if it is no such value."""
    if isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        parts = tuple(plain(part) for part in value)
        return None if None in parts else parts  # type: ignore[return-value]
    return None


def make(reference: str, keys: Mapping[str, Any]) -> nn.Module:
    """Return a new network.

    Args:
        reference: as `reference_of` returned it.
        keys: what it is called with.

    Raises:
        BadInputError: if it raises, or returns no module.
    """
    factory = find_network(reference)
    try:
        network = factory(**keys)
    except PlasticityBenchError:
        raise
    except Exception as error:
        raise failed(reference, keys, error) from error
    if not isinstance(network, nn.Module):
        kind = type(network).__name__
        raise _wrong(reference, f"it must return a torch.nn.Module, not a value of type {kind}.")
    return network


def failed(reference: str, keys: Mapping[str, Any], error: Exception) -> BadInputError:
    """Return the error of a network that raises when it is made, or called."""
    given = ", ".join(f"{name}={value!r}" for name, value in keys.items())
    file = inspect.getsourcefile(find_network(reference))
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == file]
    where = f" ({Path(file).name}:{lines[-1]})" if file and lines else ""
    reason = str(error).strip().splitlines()
    told = f"{type(error).__name__}: {reason[0]}" if reason else type(error).__name__
    return _wrong(reference, f"with {given} it raises {told}{where}.")


_BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def _installed() -> dict[str, str]:
    """The networks of installed packages: module:Class by name."""
    return {plugin.name: plugin.value for plugin in entry_points(group=PLUGIN_GROUP)}


def _networks_in(module: object) -> list[str]:
    return [
        name
        for name, value in vars(module).items()
        if inspect.isclass(value) and issubclass(value, nn.Module)
    ]


def _wrong(reference: str, problem: str) -> BadInputError:
    return BadInputError(f"Network {reference}: {problem}", "network")
