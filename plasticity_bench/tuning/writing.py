"""Writes the record of a search, settings and trials on one line each."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from plasticity_bench.errors import BadInputError
from plasticity_bench.provenance import environment
from plasticity_bench.safe_files import write_atomic
from plasticity_bench.scoring import version
from plasticity_bench.suite import yaml_source
from plasticity_bench.suite.contenders import Contender
from plasticity_bench.tuning.record import (
    LearnerRecord,
    SearchRecord,
    TriedRecord,
    TuningRecord,
    read_record,
)
from plasticity_bench.tuning.search import Outcome, Search
from plasticity_bench.tuning.space import searched
from plasticity_bench.tuning.trials import Trial

DIGITS = 4


def check_replaceable(path: Path, search: Search) -> None:
    """Raise if writing would replace the search of other learners, or a folder.

    Raises:
        BadInputError: if the file records learners that this search does not include, or is a
            folder.
    """
    if path.is_dir():
        raise BadInputError(f"{path} is a folder: give a file for the record, --output FILE.")
    before = _stored(path)
    lost = set(before.learners) - {c.label for c in search.contenders} if before else ()
    if lost:
        raise BadInputError(
            f"{path} is the record of a search for {', '.join(sorted(lost))}: write this one to "
            "another file, with --output FILE."
        )


def write(search: Search, outcomes: Sequence[Outcome], path: Path) -> TuningRecord:
    """Write the record of a search, and return it.

    A file with the same contents is left unchanged, even if its environment differs: results
    refer to it by its hash.

    Raises:
        BadInputError: if the file cannot be written.
    """
    record = _record(search, outcomes)
    before = _stored(path)
    if before and before.model_copy(update={"environment": record.environment}) == record:
        return before
    text = yaml.dump(
        _plain(record.model_dump()), Dumper=_Dumper, sort_keys=False, width=1000, allow_unicode=True
    )
    try:
        write_atomic(path, text.encode())
    except OSError as error:
        raise BadInputError(f"Cannot write {path}: {error.strerror}.") from None
    return record


def _stored(path: Path) -> TuningRecord | None:
    """The record in a file; None if there is none."""
    try:
        return read_record(path).record
    except BadInputError:
        return None


def _record(search: Search, outcomes: Sequence[Outcome]) -> TuningRecord:
    suite, rule = search.suite, search.suite.tuning
    contenders = {c.label: c for c in search.contenders}
    return TuningRecord(
        suite=f"{suite.name}@{suite.hash8}",
        scores=version.VERSION,
        tuning=SearchRecord(
            search=rule.search,
            select=rule.select,
            per_stream=rule.per_stream,
            settings=rule.settings,
            seeds=list(search.seeds),
            rungs=[vars(rung) for rung in search.rungs],
            streams=[suite_stream.label for suite_stream in search.streams],
        ),
        learners={f.label: _learner(f, contenders[f.label]) for f in outcomes if f.known},
        environment=environment(),
    )


def _learner(outcome: Outcome, contender: Contender) -> LearnerRecord:
    space = searched(contender)
    usual = contender.learner.non_defaults()
    of_stream = {
        name: value
        for name, value in contender.learner.hyperparameters().items()
        if name in usual or name in contender.held
    }
    return LearnerRecord(
        class_name=type(contender.learner).__name__,
        fixed={k: v for k, v in of_stream.items() if k not in space},
        chosen=outcome.setting,
        streams=dict(outcome.by_stream),
        scales={name: range_.scale for name, range_ in space.items()},
        updates=outcome.updates,
        tried=[_tried(trial) for trial in outcome.trials],
    )


def _tried(trial: Trial) -> TriedRecord:
    interval = trial.interval
    if interval and math.isnan(interval.low):  # of a single seed
        interval = None
    return TriedRecord(
        setting=trial.setting,
        tasks=max(trial.tasks.values()),
        score=_number(trial.score()),
        interval=(round(interval.low, DIGITS), round(interval.high, DIGITS)) if interval else None,
        streams={stream: _number(trial.score(stream)) for stream in trial.scores},
        diverged=trial.num_diverged,
    )


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, DIGITS)


class _Row(dict[str, Any]):
    """A mapping written on one line."""


class _Dumper(yaml_source.Dumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, indentless=False)  # lists are indented below their keys


_Dumper.add_representer(
    _Row,
    lambda dumper, row: dumper.represent_mapping("tag:yaml.org,2002:map", row, flow_style=True),
)
_Dumper.add_representer(
    tuple,
    lambda dumper, row: dumper.represent_sequence("tag:yaml.org,2002:seq", row, flow_style=True),
)


def _plain(value: Any) -> Any:
    """A record in which settings, trials and lists of numbers are written on one line each."""
    if isinstance(value, dict):
        inner = {key: _plain(entry) for key, entry in value.items()}
        return _Row(inner) if _is_row(value) else inner
    if isinstance(value, list):
        if all(isinstance(entry, int | float | str) for entry in value):
            return tuple(value)
        return [_plain(entry) for entry in value]
    return value


def _is_row(value: dict[str, Any]) -> bool:
    return "setting" in value or not any(isinstance(v, dict | list) for v in value.values())


def as_yaml(entries: Sequence[dict[str, Any]]) -> str:
    """Return the `learners` of a suite's file, a line for each."""
    rows = {"learners": [_Row(_rows(entry)) for entry in entries]}
    return yaml.dump(rows, Dumper=_Dumper, sort_keys=False, width=1000, allow_unicode=True).rstrip()


def _rows(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: _Row(v) if isinstance(v, dict) else v for key, v in entry.items()}
