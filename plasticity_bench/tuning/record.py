"""The record of a search: a YAML file that `run --tuned` and `plot` read."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from plasticity_bench.errors import BadInputError, DamagedError
from plasticity_bench.learners.search_space import Value
from plasticity_bench.provenance import environment
from plasticity_bench.results import TUNED
from plasticity_bench.safe_files import read_bytes, write_atomic
from plasticity_bench.scoring import version
from plasticity_bench.suite import yaml_source
from plasticity_bench.suite.contenders import Contender
from plasticity_bench.tuning.configuring import chosen_for
from plasticity_bench.tuning.search import Outcome, Search
from plasticity_bench.tuning.space import searched
from plasticity_bench.tuning.trials import Trial

DIGITS = 4
MAX_BYTES = 2**25
"""Of a record; that of the quick suite has 0.1 MB."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TriedRecord(_Strict):
    """A setting that was tried; the score is null where a run has no result."""

    setting: dict[str, Value]
    tasks: int
    score: float | None
    interval: tuple[float, float] | None
    streams: dict[str, float | None]
    diverged: int


class LearnerRecord(_Strict):
    """The chosen settings of a learner, and every trial."""

    class_name: str
    fixed: dict[str, Value]
    chosen: dict[str, Value]
    streams: dict[str, dict[str, Value]] = {}
    scales: dict[str, str]
    updates: int
    tried: list[TriedRecord]

    @property
    def at_length(self) -> list[TriedRecord]:
        """The settings tried on the largest number of tasks."""
        longest = max(tried.tasks for tried in self.tried)
        return [tried for tried in self.tried if tried.tasks == longest]

    def is_chosen(self, tried: TriedRecord) -> bool:
        """Return whether a setting was chosen, for all streams or for one."""
        return tried.setting in self._all_chosen

    @property
    def at_edge(self) -> list[str]:
        """The hyperparameters whose chosen value is the smallest or the largest that was tried.

        A better value may lie beyond it, or beyond the range of the search.
        """
        ends = {
            name: (
                min(t.setting[name] for t in self.tried),
                max(t.setting[name] for t in self.tried),
            )
            for name, scale in self.scales.items()
            if scale != "choice"
        }
        return [
            name
            for name, both in ends.items()
            if any(setting.get(name) in both for setting in self._all_chosen)
        ]

    @property
    def _all_chosen(self) -> list[dict[str, Value]]:
        return [self.chosen] if self.chosen else list(self.streams.values())


class SearchRecord(_Strict):
    """The search: suite, budget and seeds."""

    search: str
    select: str
    per_stream: bool
    settings: int
    seeds: list[int]
    rungs: list[dict[str, int]]
    streams: list[str]


class TuningRecord(_Strict):
    """The contents of a search's file; `scores` is the version of the scores that it chose by."""

    suite: str
    scores: int = 1
    tuning: SearchRecord
    learners: dict[str, LearnerRecord]
    environment: dict[str, Any]


@dataclass(frozen=True)
class Tuned:
    """A search's record, read from a file.

    Attributes:
        record: its contents.
        path: as the user gave it.
        sha256: of the file.
    """

    record: TuningRecord
    path: str
    sha256: str

    @property
    def origin(self) -> dict[str, str]:
        """The provenance of tuned settings, as stored with results."""
        return {"file": self.path, "sha256": self.sha256}

    def has(self, label: str) -> bool:
        """Return whether settings were chosen for a learner, given by its label."""
        return label.removesuffix(TUNED) in self.record.learners

    def applied(self, contenders: Sequence[Contender]) -> tuple[Contender, ...]:
        """Return contenders with their chosen settings; others unchanged.

        Raises:
            BadInputError: if a learner of the same label is of another class, or has no such
                hyperparameters.
        """
        return tuple(self._applied(contender) for contender in contenders)

    def marked(self, contenders: Sequence[Contender]) -> tuple[Contender, ...]:
        """Return contenders with their chosen settings, labelled as tuned where these are others.

        Raises:
            BadInputError: as `applied`.
        """
        return tuple(
            replace(tuned, label=f"{tuned.label}{TUNED}")
            if _settings(tuned) != _settings(contender)
            else contender
            for contender, tuned in zip(contenders, self.applied(contenders), strict=True)
        )

    def _applied(self, contender: Contender) -> Contender:
        learner_record = self.record.learners.get(contender.label)
        if learner_record is None:
            return contender
        name = type(contender.learner).__name__
        if name != learner_record.class_name:
            raise BadInputError(
                f"{self.path}: {contender.label} was tuned as a {learner_record.class_name}, but "
                f"is a {name} here."
            )
        try:
            return chosen_for(contender, learner_record.chosen, learner_record.streams)
        except BadInputError as error:
            raise BadInputError(f"{self.path}: {error}") from error


def _settings(contender: Contender) -> list[dict[str, Value]]:
    learners = [contender.learner, *contender.by_stream.values()]
    return [learner.hyperparameters() for learner in learners]


def read(path: Path) -> Tuned:
    """Return the record in a file.

    Raises:
        BadInputError: if it cannot be read, or is not a search's record.
    """
    try:
        content = read_bytes(path.resolve(), MAX_BYTES)
        document = yaml_source.parse(content.decode(), str(path))
    except DamagedError as error:
        raise BadInputError(f"Cannot read {path}: it {error.what}.") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise BadInputError(f"Cannot read {path}: {reason}.") from None
    try:
        record = TuningRecord.model_validate(document.value)
    except ValidationError as error:
        location = document.where(error.errors()[0]["loc"])
        raise BadInputError(
            f"{location}: this is not a file that `plasticity-bench tune` has written."
        ) from None
    return Tuned(record, str(path), hashlib.sha256(content).hexdigest())


def check_replaceable(path: Path, search: Search) -> None:
    """Raise if writing would replace the search of other learners.

    Raises:
        BadInputError: if the file records learners that this search does not include.
    """
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
        return read(path).record
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
