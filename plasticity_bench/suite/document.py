"""A suite's document: read and parsed once; its data sets are known without torch."""

from importlib import resources
from pathlib import Path
from typing import IO

from plasticity_bench.data import SOURCES, source
from plasticity_bench.errors import BadInputError, did_you_mean
from plasticity_bench.names import given_path
from plasticity_bench.shipped import SUITES, suite_names
from plasticity_bench.streams import DatasetStream, make_stream
from plasticity_bench.suite import yaml_source
from plasticity_bench.suite.yaml_source import Document, located

NOT_PARAMETERS = ("id", "label", "network")


def read_document(path_or_name: str) -> Document:
    """Return a suite's document.

    Args:
        path_or_name: a YAML file, or the name of a suite that comes with the package.

    Raises:
        BadInputError: if there is no such suite, it cannot be read, or it is not YAML.
    """
    path = given_path(path_or_name)
    if not path.is_file() and path_or_name not in suite_names():
        raise BadInputError(_no_suite(path_or_name, path))
    try:
        with _opened(path, path_or_name) as file:
            # One character more than is accepted: `parse` refuses what is longer.
            text = file.read(yaml_source.MAX_CHARACTERS + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(f"Cannot read {path_or_name}: {error}.") from None
    document = yaml_source.parse(text, path_or_name)
    yaml_source.check_visible(document)
    return document


def _opened(path: Path, name: str) -> IO[str]:
    """The suite's file, or the shipped suite of that name."""
    if path.is_file():
        return path.open(encoding="utf-8")
    return (resources.files(SUITES) / f"{name}.yaml").open(encoding="utf-8")


def _no_suite(name: str, path: Path) -> str:
    """Why there is no suite, and what may be meant."""
    if path.is_dir():
        return f"{name} is a folder; a suite is a YAML file."
    beside = [str(file) for file in path.parent.glob("[!.]*.yaml")] if path.parent.is_dir() else []
    return f"There is no suite {name!r}. {did_you_mean(name, [*beside, *suite_names()])}"


def datasets_of(document: Document) -> list[str]:
    """Return the names of the data sets that a suite's streams are made of, each once.

    No data set is loaded. Only the document's streams are read, unless something is
    wrong with them.

    Args:
        document: of the suite.

    Raises:
        BadInputError: one sentence that names file, line and key, if a stream or its data set is
            unknown, or the document does not fit the schema where streams should be.
    """
    entries = document.value.get("streams") if isinstance(document.value, dict) else None
    if not _are_streams(entries):
        from plasticity_bench.suite.suite_file import validated  # which loads torch

        validated(document)
        raise AssertionError("the schema accepts streams that are none")
    names = []
    with located(document) as at:
        for index, entry in enumerate(entries or []):
            at.path = ("streams", index)
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
