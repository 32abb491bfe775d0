"""The record of a search: a YAML file that `run --tuned` and `plot` read, and `writing` writes."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from plasticity_bench.errors import BadInputError, DamagedError
from plasticity_bench.learners.search_space import Value
from plasticity_bench.results import TUNED
from plasticity_bench.safe_files import read_bytes
from plasticity_bench.scoring import version
from plasticity_bench.suite import yaml_source
from plasticity_bench.suite.contenders import Contender
from plasticity_bench.suite.suite import Suite
from plasticity_bench.tuning.configuring import chosen_for

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
        """Return whether settings were chosen for a learner, given by its label in a suite."""
        return label in self.record.learners

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
            replace(
                tuned,
                label=f"{tuned.label}{TUNED}" if _differ(tuned, contender) else contender.label,
                origin=self.origin if self.has(contender.label) else None,
            )
            for contender, tuned in zip(contenders, self.applied(contenders), strict=True)
        )

    def remarks(self, suite: Suite, marked: Sequence[Contender]) -> list[str]:
        """Return what a person should know who runs a suite with these settings.

        Args:
            suite: that is run.
            marked: what `marked` returned for its contenders.
        """
        sentences = []
        identity = f"{suite.name}@{suite.hash8}"
        if self.record.suite != identity:
            sentences.append(
                f"{self.path} is of a search on {self.record.suite}, and this is {identity}."
            )
        if self.record.scores != version.VERSION:
            sentences.append(
                f"{self.path} chose settings by version {self.record.scores} of the scores, and "
                f"this package has version {version.VERSION}: tune again."
            )
        if untuned := [contender.label for contender in marked if contender.origin is None]:
            sentences.append(
                f"{self.path} has nothing for {', '.join(untuned)}: run with the suite's settings."
            )
        return sentences

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


def _differ(one: Contender, other: Contender) -> bool:
    """Whether two contenders have other hyperparameters on some stream."""
    settings = [
        [learner.hyperparameters() for learner in (c.learner, *c.by_stream.values())]
        for c in (one, other)
    ]
    return settings[0] != settings[1]


def read_record(path: Path) -> Tuned:
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
