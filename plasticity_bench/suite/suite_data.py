"""Which data sets a suite needs: told from its file at once, before torch is imported."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

from plasticity_bench.data import SOURCES, source
from plasticity_bench.errors import BadInputError, did_you_mean
from plasticity_bench.shipped import SUITES, suite_names
from plasticity_bench.streams import DatasetStream, make_stream
from plasticity_bench.suite import yaml_source

NOT_PARAMETERS = ("id", "label", "network")


def datasets_of(path_or_name: str, for_tuning: bool = False) -> list[str]:
    """Return the names of the data sets that a suite's streams are made of, each once.

    No data set is loaded: they need not be on this machine. Of the file, only the streams are
    looked at, unless something is wrong with them.

    Args:
        path_or_name: a YAML file, or the name of a suite that comes with the package.
        for_tuning: whether of the streams that settings are tried on, if the suite names others.

    Raises:
        BadInputError: one sentence that names file, line and key, if a stream or its data set is
            unknown, or the file does not fit the schema where streams should be.
    """
    document = yaml_source.parse(*read_suite(path_or_name))
    path, entries = _streams_of(document.value, for_tuning)
    if not _are_streams(entries):
        from plasticity_bench.suite.suite_file import (
            validated,  # which needs torch for what it knows
        )

        validated(document)
        raise AssertionError("the schema lets pass what are no streams")
    names = []
    for index, entry in enumerate(entries or []):
        parameters = {key: given for key, given in entry.items() if key not in NOT_PARAMETERS}
        with located(document, (*path, index)):
            stream = make_stream(entry["id"], **parameters)
            if isinstance(stream, DatasetStream):
                names.append(source(stream.dataset).name)
    return list(dict.fromkeys(names))


def datasets_wanted(name: str) -> list[str]:
    """Return the data sets that a name stands for: the one of that name, or a suite's.

    Raises:
        BadInputError: as `datasets_of`, or if it is the name of neither.
    """
    if name in SOURCES:
        return [name]
    known = [*SOURCES, *suite_names()]
    if not Path(name).exists() and Path(name).suffix != ".yaml" and name not in known:
        raise BadInputError(f"There is no suite or data set {name!r}. {did_you_mean(name, known)}")
    return datasets_of(name)


def read_suite(path_or_name: str) -> tuple[str, str]:
    """Return the text of a suite and the name to call it by in messages.

    Raises:
        BadInputError: if there is no such suite, or it cannot be read.
    """
    path = Path(path_or_name)
    if path.is_file():
        try:
            with path.open(encoding="utf-8") as file:
                # A character more than is taken: `parse` refuses what is longer.
                return file.read(yaml_source.MAX_CHARACTERS + 1), path_or_name
        except (OSError, UnicodeDecodeError) as error:
            raise BadInputError(f"Cannot read {path_or_name}: {error}.") from None
    if path_or_name in suite_names():
        shipped = resources.files(SUITES) / f"{path_or_name}.yaml"
        return shipped.read_text(encoding="utf-8"), f"{path_or_name}.yaml"
    if path.is_dir():
        raise BadInputError(f"{path_or_name} is a folder; a suite is a YAML file.")
    beside = [str(found) for found in path.parent.glob("*.yaml")] if path.parent.is_dir() else []
    hint = did_you_mean(path_or_name, [*beside, *suite_names()])
    raise BadInputError(f"There is no suite {path_or_name!r}. {hint}")


@contextmanager
def located(document: yaml_source.Document, path: yaml_source.Path) -> Iterator[None]:
    """Say where in the file an error comes from."""
    try:
        yield
    except BadInputError as error:
        keyed = (*path, error.key) if error.key else path
        place = document.where(keyed if keyed in document.lines else path)
        raise BadInputError(f"{place}: {error}") from error


def _streams_of(value: object, for_tuning: bool) -> tuple[yaml_source.Path, Any]:
    """Where the streams stand in a file, and what stands there."""
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
