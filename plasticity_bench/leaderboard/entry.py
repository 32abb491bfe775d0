"""An entry: manifest, and runs by stream and seed."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from plasticity_bench.errors import DamagedError
from plasticity_bench.evaluation.protocol import Protocol
from plasticity_bench.leaderboard.manifest import (
    MANIFEST,
    MAX_BYTES,
    MAX_SOURCE_BYTES,
    MEASUREMENTS,
    NAME,
    Manifest,
    read_manifest,
)
from plasticity_bench.results import Run, RunTable
from plasticity_bench.results.parquet import OF_AN_ENTRY, pack_run_table
from plasticity_bench.results.run import own_fresh_label
from plasticity_bench.results.run_info import parse_info
from plasticity_bench.safe_files import folders_in, read_bytes
from plasticity_bench.scoring.scores import Means, Score, fraction, means, scores_by_seed
from plasticity_bench.suite.suite import Suite, SuiteStream


class StreamSeed(NamedTuple):
    """A stream's label and a seed."""

    stream: str
    seed: int


@dataclass(frozen=True)
class EntryRun:
    """A run of an entry, and its measurements."""

    run: Run
    run_table: RunTable

    @property
    def varies(self) -> bool:
        """Whether it may have other bits when it is run again, as it says itself."""
        execution = self.run_table.info(0).get("execution", {})
        return execution.get("device", "cpu") != "cpu" or bool(execution.get("varies"))

    def means(self, suite_stream: SuiteStream, protocol: Protocol) -> Means:
        """Return the means that its score is computed from."""
        return next(means(self.run_table, protocol, suite_stream.stream.scored_tasks()))


@dataclass(frozen=True)
class Entry:
    """An entry of the leaderboard.

    Attributes:
        folder: its path.
        manifest: its manifest.
        runs: of its learner.
        reference: of the learner that its scores are relative to.
        copies: of its learner's own fresh copy; the learner's own runs if it is the suite's
            reference and comes without.
    """

    folder: Path
    manifest: Manifest
    runs: Mapping[StreamSeed, EntryRun]
    reference: Mapping[StreamSeed, EntryRun]
    copies: Mapping[StreamSeed, EntryRun]

    @property
    def name(self) -> str:
        """The name that the leaderboard shows."""
        return self.manifest.name


def read_entry(folder: Path, reference: str) -> Entry:
    """Return an entry, without executing anything in it.

    Args:
        folder: of the entry.
        reference: label of its suite's reference.

    Raises:
        DamagedError: if its manifest or measurements cannot be read.
    """
    manifest = read_manifest(folder)
    path = folder / MEASUREMENTS
    try:
        content = read_bytes(path, MAX_BYTES[MEASUREMENTS])
    except FileNotFoundError:
        raise DamagedError(folder, f"has no {MEASUREMENTS}") from None
    if sha256(content).hexdigest() != manifest.measurements_sha256:
        raise DamagedError(path, f"is not what {MANIFEST} says: its sha256 differs")
    learner_runs: dict[StreamSeed, EntryRun] = {}
    others: dict[StreamSeed, EntryRun] = {}
    copies: dict[StreamSeed, EntryRun] = {}
    by_label = {reference: others, own_fresh_label(manifest.learner.label): copies}
    by_label[manifest.learner.label] = learner_runs
    for entry_run in _runs(pack_run_table(content, path, OF_AN_ENTRY), path):
        stream_seed = StreamSeed(entry_run.run.stream, entry_run.run.seed)
        runs = by_label.get(entry_run.run.learner)
        if runs is None:
            raise DamagedError(path, f"has runs of {entry_run.run.learner!r}, of whom it is not")
        if stream_seed in runs:
            raise DamagedError(path, f"has {entry_run.run.stream} seed {entry_run.run.seed} twice")
        runs[stream_seed] = entry_run
    if manifest.learner.label == reference:
        others, copies = learner_runs, copies or learner_runs
    return Entry(folder, manifest, learner_runs, others, copies)


def entry_sha256(folder: Path) -> str:
    """Return the sha256 of an entry's manifest, by which records refer to it.

    The manifest has the hashes of all other files but the records of its verification; of the
    source, the hash of what it does, without comments: see `source_bytes_sha256`.
    """
    return sha256(read_bytes(folder / MANIFEST, MAX_BYTES[MANIFEST])).hexdigest()


def source_bytes_sha256(folder: Path) -> str:
    """Return the sha256 of an entry's source files, every byte of them, and of their names.

    The manifest's hash of the source is that of what it does; a comment does nothing, unless the
    source reads its own text.
    """
    digest = sha256()
    for name in sorted(read_manifest(folder).learner.source):
        content = read_bytes(folder / name, MAX_SOURCE_BYTES)
        digest.update(f"{name}:{len(content)}:".encode() + content)
    return digest.hexdigest()


def entry_folders(entries: Path, suite: Suite) -> list[Path]:
    """Return the folders of a suite's entries, sorted."""
    folder = entries / suite_folder(suite)
    return [path for path in folders_in(folder) if NAME.fullmatch(path.name)]


def suite_folder(suite: Suite) -> str:
    """Return the name of the folder that holds a suite's entries."""
    return suite.name.rpartition("/")[-1]


def scores_of(entry: Entry, suite: Suite) -> dict[str, dict[int, Score]]:
    """Return an entry's scores by stream and seed, computed from its measurements."""
    scores: dict[str, dict[int, Score]] = {}
    for suite_stream in suite.streams:
        of_learner, of_reference, of_copies = (
            _means(runs, suite_stream, suite)
            for runs in (entry.runs, entry.reference, entry.copies)
        )
        scores[suite_stream.label] = scores_by_seed(of_learner, of_reference, of_copies)
    return scores


def headroom_of(entry: Entry, suite: Suite) -> dict[str, float]:
    """Return by stream how far above 1 trainability can be.

    It is the trainability of a learner that attains the stream's ceiling, minus 1: the mean over
    the reference's seeds; NaN where the reference gains nothing.
    """
    by_stream = {}
    for suite_stream in suite.streams:
        controls = _means(entry.reference, suite_stream, suite).values()
        ceiling = suite_stream.stream.ceiling
        room = [fraction(ceiling, control.chance, control.accuracy) - 1 for control in controls]
        by_stream[suite_stream.label] = mean_of_known(room)
    return by_stream


def mean_of_known(values: Sequence[float]) -> float:
    """Return the mean of the values that are not NaN; NaN if there are none."""
    known = [value for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else math.nan


def _means(
    runs: Mapping[StreamSeed, EntryRun], suite_stream: SuiteStream, suite: Suite
) -> dict[int, Means]:
    """By seed, what the scores of runs on one stream are computed from."""
    return {
        seed: entry_run.means(suite_stream, suite.protocol)
        for (stream, seed), entry_run in sorted(runs.items())
        if stream == suite_stream.label
    }


def _runs(run_table: RunTable, path: Path) -> Iterator[EntryRun]:
    for index, text in enumerate(run_table.infos):
        run, info = parse_info(text, path)
        same = (run.key, info["status"]) == (run_table.keys[index], run_table.statuses[index])
        if not same or info["status"] == "failed":
            raise DamagedError(path, f"says two things of {run.stream} seed {run.seed}")
        yield EntryRun(run, run_table.only(index))
