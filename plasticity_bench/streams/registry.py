"""The registry of streams by versioned id, as in gymnasium."""

import importlib
import re
import warnings
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import Any

import gymnasium

from plasticity_bench.errors import BadInputError, StreamError, did_you_mean
from plasticity_bench.names import check_name, check_names
from plasticity_bench.source_code.shadowing import shadowed
from plasticity_bench.standard_output import kept_for_data
from plasticity_bench.streams.statements import check_parameters, check_statements
from plasticity_bench.streams.stream import Stream

PLUGIN_GROUP = "plasticity_bench.streams"
_ID = re.compile(r"[\w.-]+/[\w.-]+-v\d+")


@dataclass(frozen=True)
class Registration:
    """A registered stream: how to make it, and with which parameters."""

    id: str
    entry_point: str | type[Stream]
    defaults: dict[str, Any] = field(default_factory=dict)


_registered: dict[str, Registration] = {}


def register(id: str, entry_point: str | type[Stream], **defaults: Any) -> None:  # noqa: A002
    """Register a stream, and with it a gymnasium environment of the same id.

    Args:
        id: `namespace/Name-vN`. A published id is never edited; a change is a new version.
        entry_point: a `Stream` class, or where to import one from, as `"module:Class"`. A class
            that is defined again in the same module under the same name replaces the earlier one.
        **defaults: the stream's parameters under this id.

    Raises:
        BadInputError: if the id is malformed, or is registered already for something else; or if
            the entry point is no stream's class.
    """
    if isinstance(id, str):
        check_name(id, "The stream", "id")
    if not isinstance(id, str) or not _ID.fullmatch(id):
        raise BadInputError(f"A stream's id looks like namespace/Name-v0, not {id!r}.")
    if not isinstance(entry_point, str):
        _check_class(id, entry_point)
    registration = Registration(id, entry_point, defaults)
    earlier = _registered.get(id)
    if earlier and earlier != registration and not _is_redefined(earlier, registration):
        raise BadInputError(f"Stream {id} is registered already: give a changed one a new -vN.")
    _registered[id] = registration
    if earlier:
        return
    gymnasium.register(
        id=id, entry_point="plasticity_bench.streams.env:StreamEnv", kwargs={"stream": id}
    )


def _is_redefined(earlier: Registration, new: Registration) -> bool:
    """Whether a class was defined again in its place: a notebook cell run again, or a reload."""
    classes = earlier.entry_point, new.entry_point
    if classes[0] is classes[1] or not all(isinstance(cls, type) for cls in classes):
        return False
    places = {(cls.__module__, cls.__qualname__) for cls in classes if isinstance(cls, type)}
    return len(places) == 1


def registered_streams() -> list[str]:
    """Return the ids of all registered streams, sorted."""
    return sorted(_registered)


def make_stream(id: str, **parameters: Any) -> Stream:  # noqa: A002
    """Make a registered stream.

    Args:
        id: a registered id; `"module:namespace/Name-v0"` imports `module` first.
        **parameters: values in place of the registered ones.

    Raises:
        BadInputError: if the id or a parameter is unknown, a value is out of range, or the stream's
            class breaks a rule in what it states about itself.
    """
    if not isinstance(id, str):
        raise BadInputError(f"A stream's id looks like namespace/Name-v0, not {id!r}.")
    check_name(id, "The stream", "id")
    for name, value in parameters.items():
        check_names(value, f"Stream {id}: {name}", name)
    registration = _find(id)
    make = class_of(registration.id)
    known = getattr(make, "__dataclass_fields__", {})
    for name in parameters:
        if name not in known:
            hint = did_you_mean(name, known)
            raise BadInputError(
                f"Stream {registration.id} has no parameter {name!r}. {hint}", key=name
            )
    try:
        defaults = make.registered_defaults(registration.defaults, parameters)
        stream: Stream = make(**{**defaults, **parameters})
    except TypeError as error:
        raise BadInputError(f"Stream {registration.id} cannot be made: {error}.") from error
    try:
        check_parameters(f"Stream {registration.id}", stream)
        check_statements(f"Stream {registration.id}", stream)
    except StreamError as error:
        raise BadInputError(str(error), "id") from error
    return stream


def stream_of(given: Any, **parameters: Any) -> Stream:
    """Return a stream that is given, or the one of an id that is given.

    Args:
        given: an id, or a stream.
        **parameters: as for `make_stream`, of an id.

    Raises:
        BadInputError: as `make_stream`, or if it is neither.
        StreamError: if a stream that is given breaks a rule in what it states about itself.
    """
    if isinstance(given, str):
        return make_stream(given, **parameters)
    if not isinstance(given, Stream):
        raise BadInputError(f"A stream is an id or a Stream that was made, not {given!r}.")
    if parameters:
        raise BadInputError("This stream already has its parameters: give its id.")
    check_statements(f"Stream {type(given).__name__}", given)
    return given


def make(id: str, **parameters: Any) -> gymnasium.Env[Any, Any]:  # noqa: A002
    """Return a registered stream as a gymnasium environment, as `gymnasium.make` does.

    Args:
        id: as for `make_stream`.
        **parameters: of the stream and of `StreamEnv`, in place of the registered ones.

    Raises:
        BadInputError: as `make_stream`.
    """
    return gymnasium.make(_find(id).id, **parameters)


def class_of(id: str) -> type[Stream]:  # noqa: A002
    """Return the class of a registered stream.

    Raises:
        BadInputError: if it cannot be imported.
    """
    make = _find(id).entry_point
    if not isinstance(make, str):
        return make
    module, _, name = make.partition(":")
    try:
        made = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise BadInputError(f"Stream {id}: there is no {module}:{name}: {error}.") from error
    return _check_class(id, made)


def _check_class(id: str, given: Any) -> type[Stream]:  # noqa: A002
    if not (isinstance(given, type) and issubclass(given, Stream)):
        raise BadInputError(
            f"Stream {id}: {getattr(given, '__name__', repr(given))} is not a subclass of "
            "plasticity_bench.Stream.",
            "id",
        )
    return given


def _find(id: str) -> Registration:  # noqa: A002
    module, separator, name = id.rpartition(":")
    if separator:
        try:
            with kept_for_data():
                importlib.import_module(module)
        except (Exception, SystemExit) as error:
            reason = f"{type(error).__name__}: {error}"
            message = f"Stream {id}: importing {module!r} failed: {reason}."
            raise BadInputError(message, "id") from error
    if name not in _registered:
        if module and (other := shadowed(module)):
            raise BadInputError(f"Stream {id}: {other}.", "id")
        raise BadInputError(f"Unknown stream {name!r}. {did_you_mean(name, _registered)}", "id")
    return _registered[name]


def load_plugins() -> None:
    """Register the streams of installed plugins; a broken one warns and does not stop the rest.

    A plugin's entry point, in the group `plasticity_bench.streams`, is a function that calls
    `register`.
    """
    for plugin in entry_points(group=PLUGIN_GROUP):
        try:
            plugin.load()()
        except Exception as error:
            warnings.warn(f"Stream plugin {plugin.name!r} is left out: {error!r}", stacklevel=2)
