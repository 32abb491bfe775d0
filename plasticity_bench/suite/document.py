"""A suite's document: read and parsed once; its data sets are known before torch is imported."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from plasticity_bench.data import SOURCES, source
from plasticity_bench.errors import BadInputError, did_you_mean
from plasticity_bench.names import check_name, given_path
from plasticity_bench.shipped import SUITES, suite_names
from plasticity_bench.streams import DatasetStream, make_stream
from plasticity_bench.suite import yaml_source
from plasticity_bench.suite.yaml_source import Document

NOT_PARAMETERS = ("id", "label", "network")


def read_document(path_or_name: str) -> Document:
    """Return a suite's document.

    Args:
        path_or_name: a YAML file, or the name of a suite that comes with the package.

    Raises:
        BadInputError: if there is no such suite, it cannot be read, or it is not YAML.
    """
    path = given_path(path_or_name)
    if path.is_file():
        try:
            with path.open(encoding="utf-8") as file:
                # One character more than is accepted: `parse` refuses what is longer.
                text = file.read(yaml_source.MAX_CHARACTERS + 1)
            return _with_visible_names(yaml_source.parse(text, path_or_name))
        except (OSError, UnicodeDecodeError) as error:
            raise BadInputError(f"Cannot read {path_or_name}: {error}.") from None
    if path_or_name in suite_names():
        shipped = resources.files(SUITES) / f"{path_or_name}.yaml"
        return yaml_source.parse(shipped.read_text(encoding="utf-8"), f"{path_or_name}.yaml")
    if path.is_dir():
        raise BadInputError(f"{path_or_name} is a folder; a suite is a YAML file.")
    beside = (
        [str(sibling) for sibling in path.parent.glob("*.yaml")] if path.parent.is_dir() else []
    )
    hint = did_you_mean(path_or_name, [*beside, *suite_names()])
    raise BadInputError(f"There is no suite {path_or_name!r}. {hint}")


def _with_visible_names(document: Document) -> Document:
    """The document, whose keys and strings can all be seen, but for the description's lines."""

    def check(value: object, path: yaml_source.Path) -> None:
        if path == ("description",):
            return
        if isinstance(value, dict):
            for key, entry in value.items():
                check(key, path)
                check(entry, (*path, key))
        elif isinstance(value, list):
            for index, entry in enumerate(value):
                check(entry, (*path, index))
        elif isinstance(value, str):
            try:
                check_name(value, "the text")
            except BadInputError as error:
                raise BadInputError(f"{document.where(path)}: {error}") from None

    check(document.value, ())
    return document


def datasets_of(document: Document, for_tuning: bool = False) -> list[str]:
    """Return the names of the data sets that a suite's streams are made of, each once.

    No data set is loaded. Only the document's streams are read, unless something is
    wrong with them.

    Args:
        document: of the suite.
        for_tuning: whether of the streams that settings are tried on, if the suite names others.

    Raises:
        BadInputError: one sentence that names file, line and key, if a stream or its data set is
            unknown, or the document does not fit the schema where streams should be.
    """
    path, entries = _streams_of(document.value, for_tuning)
    if not _are_streams(entries):
        from plasticity_bench.suite.suite_file import validated  # which loads torch

        validated(document)
        raise AssertionError("the schema accepts streams that are none")
    names = []
    with located(document) as at:
        for index, entry in enumerate(entries or []):
            at.path = (*path, index)
            parameters = {key: value for key, value in entry.items() if key not in NOT_PARAMETERS}
            stream = make_stream(entry["id"], **parameters)
            if isinstance(stream, DatasetStream):
                names.append(source(stream.dataset).name)
    return list(dict.fromkeys(names))


def datasets_named(name: str) -> list[str]:
    """Return the data sets that a name stands for: the one of that name, or a suite's.

    Raises:
        BadInputError: as `datasets_of`, or if it is the name of neither.
    """
    if name in SOURCES:
        return [name]
    known = [*SOURCES, *suite_names()]
    if not Path(name).exists() and Path(name).suffix != ".yaml" and name not in known:
        raise BadInputError(f"There is no suite or data set {name!r}. {did_you_mean(name, known)}")
    return datasets_of(read_document(name))


@dataclass
class Location:
    """The part of a document that is being read."""

    path: yaml_source.Path = ()


@contextmanager
def located(document: Document) -> Iterator[Location]:
    """Add to an error where in the document it comes from: the location's path at that time."""
    location = Location()
    try:
        yield location
    except BadInputError as error:
        path = location.path
        keyed = (*path, error.key) if error.key else path
        where = document.where(keyed if keyed in document.lines else path)
        raise BadInputError(f"{where}: {error}") from error


def _streams_of(value: object, for_tuning: bool) -> tuple[yaml_source.Path, Any]:
    """Path and value of the streams in a document."""
    if not isinstance(value, dict):
        return (), None
    tuning = value.get("tuning") if for_tuning else None
    if isinstance(tuning, dict) and tuning.get("streams"):
        return ("tuning", "streams"), tuning["streams"]
    return ("streams",), value.get("streams")


def _are_streams(entries: object) -> bool:
    return (
        isinstance(entries, list)
        and len(entries) > 0
        and all(
            isinstance(entry, dict)
            and isinstance(entry.get("id"), str)
            and all(isinstance(key, str) for key in entry)
            for entry in entries
        )
    )
