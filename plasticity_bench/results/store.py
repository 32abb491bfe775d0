"""The store of one suite's results: runs by key, in folders of their own or in packs."""

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from plasticity_bench.errors import DamagedError
from plasticity_bench.results import packs, run_folder
from plasticity_bench.results.run import Address, LearnerOnStream, Row, Run, file_name
from plasticity_bench.results.run_folder import StoredRun
from plasticity_bench.results.run_info import last_error, parse_info
from plasticity_bench.results.run_table import RunResult, RunTable
from plasticity_bench.safe_files import (
    check_unlinked,
    folders_in,
    remove_abandoned,
    remove_folder,
)

MANY_OF_A_LEARNER = 100
"""Run folders of one stream and learner from which they are packed."""
MANY_IN_ALL = 2000
"""The number of run folders in a store from which all are packed: reading them takes a second."""


class Head(NamedTuple):
    """A run's entry in a list of results.

    Attributes:
        key: of the run.
        stream: the stream's label.
        learner: the learner's label.
        seed: of the replica.
        status: "complete", "diverged" or "failed".
        path: the run's folder, or the pack that it is in.
        error: why it failed, in a line.
    """

    key: str
    stream: str
    learner: str
    seed: int
    status: str
    path: Path
    error: str = ""

    @property
    def address(self) -> Address:
        """Labels and key."""
        return Address(self.stream, self.learner, self.key)

    @property
    def group(self) -> LearnerOnStream:
        """Labels of stream and learner."""
        return LearnerOnStream(self.stream, self.learner)


class Snapshot(NamedTuple):
    """What a store holds, found in one pass over it.

    Attributes:
        finished: the runs that have results.
        failed: those that were tried and have none.
        damaged: what cannot be used. The runs that it held count as never run.
    """

    finished: dict[Address, Head]
    failed: dict[Address, Head]
    damaged: list[DamagedError]

    def missing(self, runs: Iterable[Run]) -> list[Run]:
        """Return those of some runs that have no results, in their order."""
        return [run for run in runs if run.address not in self.finished]


class Results:
    """The store of one suite's results, in one folder.

    Attributes:
        folder: of the results.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, run: Run | Head) -> Path:
        """Return the folder of a run that is not packed: labels, seed and the start of its key."""
        name = f"seed{run.seed:03d}-{run.key[:12]}"
        return self._folder_of(run.group, "cells") / name

    # ---- one run --------------------------------------------------------------------------------

    def is_finished(self, run: Run) -> bool:
        """Return whether a run has results; `snapshot` is faster for many runs."""
        with contextlib.suppress(DamagedError):
            stored = self._read(self.path(run))
            if stored and stored.is_finished:
                return True
        for path in packs.packs_in(self._folder_of(run.group, "packs")):
            with contextlib.suppress(DamagedError):
                if any(head[0] == run.key for head in packs.heads(path)):
                    return True
        return False

    def load(self, run: Run) -> RunResult | None:
        """Return a finished run's results, or None."""
        with contextlib.suppress(DamagedError):
            stored = self._read(self.path(run))
            if stored and stored.is_finished:
                return stored.run_table().result(0)
        for table in self._packed(file_name(run.stream), file_name(run.learner)):
            if run.key in table.keys:
                index = table.keys.index(run.key)
                with contextlib.suppress(DamagedError):  # a forged pack: its columns disagree
                    stored_run, _ = parse_info(table.infos[index], self.folder)
                    if (stored_run.key, stored_run.seed) == (run.key, run.seed):
                        return table.result(index)
        return None

    def save(self, run: Run, rows: Iterable[Row], info: dict[str, Any]) -> None:
        """Store a run, in place of a failed attempt at it.

        Raises:
            DamagedError: if a link would lead it elsewhere.
            OSError: if it cannot be written.
        """
        check_unlinked(self.folder, self.path(run).parent)
        run_folder.write(self.path(run), run, rows, info)

    def save_failure(self, run: Run, trace: str, info: dict[str, Any]) -> None:
        """Store why a run has no results; it is tried again the next time. Raises as `save`."""
        check_unlinked(self.folder, self.path(run).parent)
        run_folder.write_failure(self.path(run), run, trace, info)

    # ---- all runs -------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """Return what the store holds. Every file is read and compared with its checksum."""
        snapshot = Snapshot({}, {}, [])
        lost: dict[Path, DamagedError] = {}
        # Run folders first: one that is packed meanwhile is then found in its pack.
        for folder in self._folders("cells", snapshot.damaged):
            for path in folders_in(folder):
                try:
                    stored = self._read(path)
                except DamagedError as error:
                    lost[path] = error
                    continue
                if stored:
                    _add(snapshot, stored)
        for folder in self._folders("packs", snapshot.damaged):
            for path in packs.packs_in(folder):
                try:
                    heads = (Head(*head, path) for head in packs.heads(path))
                    snapshot.finished.update((head.address, head) for head in heads)
                except DamagedError as error:
                    snapshot.damaged.append(error)
        if lost:  # except for what is in a pack too
            there = {self.path(head) for head in snapshot.finished.values()}
            snapshot.damaged.extend(error for path, error in lost.items() if path not in there)
        for address in snapshot.failed.keys() & snapshot.finished.keys():
            del snapshot.failed[address]
        return snapshot

    def run_tables(self, stream: str, learner: str) -> Iterator[RunTable]:
        """Yield the finished runs of a stream and a learner, given by their labels.

        A run may come twice, and others may come whose labels give the same file names: take those
        whose keys are wanted. What is damaged is left out; `snapshot` lists it.
        """
        yield from self._run_tables(file_name(stream), file_name(learner))

    def stored(self) -> Iterator[tuple[Run, RunResult]]:
        """Yield every finished run of the folder, by stream, learner and seed."""
        names = {
            (folder.parent.name, folder.name)
            for kind in ("cells", "packs")
            for folder in self._folders(kind, [])
        }
        for stream, learner in sorted(names):
            by_key: dict[str, tuple[Run, RunResult]] = {}
            for table in self._run_tables(stream, learner):
                for index, key in enumerate(table.keys):
                    with contextlib.suppress(DamagedError):
                        run, _ = parse_info(table.infos[index], self.folder)
                        if run.key == key and key not in by_key:
                            by_key[key] = run, table.result(index)
            yield from sorted(by_key.values(), key=lambda pair: (pair[0].seed, pair[0].key))

    # ---- maintenance ----------------------------------------------------------------------------

    def pack(self, many: int = MANY_OF_A_LEARNER, in_all: int = MANY_IN_ALL) -> int:
        """Pack finished runs where there are many; return how many were packed.

        A pack is on the disk before a run's folder is removed, and a run that is in both counts
        once: packing may be interrupted at any moment, and two processes may do it at a time.

        Args:
            many: runs of one stream and learner from which they are packed.
            in_all: runs of the store from which all are packed.
        """
        run_folders = {folder: folders_in(folder) for folder in self._folders("cells", [])}
        if sum(map(len, run_folders.values())) >= in_all:
            many = 1
        return sum(
            self._pack(folder, paths) for folder, paths in run_folders.items() if len(paths) >= many
        )

    def set_aside(self, damage: DamagedError) -> None:
        """Rename a damaged pack, so that it is reported once; its runs are run again."""
        path = damage.path
        if path.is_relative_to(self.folder / "packs") and path.suffix == ".parquet":
            with contextlib.suppress(OSError):
                path.rename(path.with_suffix(".damaged"))

    def _pack(self, folder: Path, paths: Iterable[Path]) -> int:
        target = self.folder / "packs" / folder.parent.name / folder.name
        check_unlinked(self.folder, target)
        remove_abandoned(folder)
        runs = []
        for path in paths:
            with contextlib.suppress(DamagedError):
                stored = self._read(path)
                if stored and stored.is_finished:
                    runs.append(stored)
        packs.write(target, runs)
        for stored in runs:
            remove_folder(stored.path)
        return len(runs)

    def _read(self, path: Path) -> StoredRun | None:
        check_unlinked(self.folder, path)
        stored = run_folder.read(path)
        if stored and path != self.path(stored.run):
            expected = self.path(stored.run).name
            raise DamagedError(path, f"is not where its key has it: at {expected}")
        return stored

    def _run_tables(self, stream: str, learner: str) -> Iterator[RunTable]:
        for path in folders_in(self.folder / "cells" / stream / learner):
            with contextlib.suppress(DamagedError):
                stored = self._read(path)
                if stored and stored.is_finished:
                    yield stored.run_table()
        yield from self._packed(stream, learner)

    def _packed(self, stream: str, learner: str) -> Iterator[RunTable]:
        for path in packs.packs_in(self.folder / "packs" / stream / learner):
            with contextlib.suppress(DamagedError):
                yield packs.run_table(path)

    def _folder_of(self, group: LearnerOnStream, kind: str) -> Path:
        return self.folder / kind / file_name(group.stream) / file_name(group.learner)

    def _folders(self, kind: str, damaged: list[DamagedError]) -> Iterator[Path]:
        """The folders of all streams and learners; none behind a link."""
        for stream in folders_in(self.folder / kind):
            try:
                yield from folders_in(stream)
            except DamagedError as error:
                damaged.append(error)


def _add(snapshot: Snapshot, stored: StoredRun) -> None:
    run, status = stored.run, stored.info["status"]
    head = Head(run.key, run.stream, run.learner, run.seed, status, stored.path)
    if stored.is_finished:
        snapshot.finished[run.address] = head
    else:
        error = last_error(stored.info.get("traceback"))
        snapshot.failed[run.address] = head._replace(error=error)
