"""Runs that are finished in another results folder, or under another label, are taken over.

A suite with one more stream has another results folder, but the runs of its other streams have the
keys that they had. A key covers everything that a run's result depends on. The results of shipped
suites come with the package, so that a newcomer runs only his own learner.
"""

import contextlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from plasticity_bench import shipped
from plasticity_bench.errors import DamagedError
from plasticity_bench.results import packs, run_folder
from plasticity_bench.results.run import Row, Run
from plasticity_bench.results.run_info import parse_info
from plasticity_bench.results.run_table import RunResult
from plasticity_bench.results.store import Results
from plasticity_bench.safe_files import check_unlinked, folders_in

TUNING = "tuning"
"""The folder, within that of a suite's results, that holds the runs of its search."""

_OF_ITS_PLACE = ("key", "stream", "learner", "seed", "identity", "measurements_sha256", "tuned")
"""Parts of `cell.json` that a run has where it is stored; the search is that of the new command."""


def take_over(
    results: Results,
    missing: Iterable[tuple[Run, Mapping[str, object]]],
    folders: Iterable[Path] | None = None,
) -> Counter[Path]:
    """Copy finished runs of the same keys into a store; return how many came from each folder.

    Every file is checked as when it is read for a table. What is damaged, or behind a link, is left
    out: its runs are computed.

    Args:
        results: the store that lacks the runs.
        missing: runs without results there, each with the notes that are stored with it.
        folders: where they are looked for, in this order; by default the store itself, the other
            results of the same root, and those that come with the package.

    Raises:
        OSError: if a run cannot be written.
    """
    wanted: dict[str, list[tuple[Run, Mapping[str, object]]]] = {}
    for run, notes in missing:
        wanted.setdefault(run.key, []).append((run, notes))
    taken: Counter[Path] = Counter()
    for folder in _folders(results.folder) if folders is None else folders:
        if not wanted:
            break
        for key, result in _finished(folder, wanted.keys()):
            for run, notes in wanted.pop(key, ()):
                labels = result.info["stream"], result.info["learner"]
                if folder == results.folder and labels == run.group:
                    continue  # another process has just finished it
                info = {k: v for k, v in result.info.items() if k not in _OF_ITS_PLACE}
                names = ("task", "when", "name", "value")
                rows = zip(*(result.columns[name].tolist() for name in names), strict=True)
                results.save(run, (Row(*row) for row in rows), {**info, **notes})
                taken[folder] += 1
    return taken


Finished = Iterator[tuple[str, RunResult]]


def _folders(folder: Path) -> Iterator[Path]:
    """A store's folder, others of its root (of suites, or of searches), and shipped ones."""
    yield folder
    is_search = folder.name == TUNING and "@" in folder.parent.name
    own = folder.parent if is_search else folder
    with contextlib.suppress(DamagedError):
        for other in folders_in(own.parent):
            if "@" in other.name and other.name != own.name:
                yield other / TUNING if is_search else other
    yield from shipped.result_folders()


def _finished(folder: Path, keys: Collection[str]) -> Finished:
    """The finished runs of a folder that have one of some keys, whatever their labels are."""
    yield from _in_packs(folder, keys)  # where results are shipped
    beginnings = {key[:12] for key in keys}
    for path in _inner(folder, "cells"):
        with contextlib.suppress(DamagedError):
            for run_path in folders_in(path):
                if run_path.name.rpartition("-")[2] not in beginnings:
                    continue
                with contextlib.suppress(DamagedError):
                    stored = run_folder.read(run_path)
                    if stored and stored.is_finished and stored.run.key in keys:
                        yield stored.run.key, stored.run_table().result(0)
    for path in _inner(folder, "packs"):
        with contextlib.suppress(DamagedError):
            yield from _in_packs(path, keys)


def _in_packs(folder: Path, keys: Collection[str]) -> Finished:
    for pack in packs.packs_in(folder):
        with contextlib.suppress(DamagedError):
            yield from _packed(pack, keys)


def _packed(pack: Path, keys: Collection[str]) -> Finished:
    if not any(head[0] in keys for head in packs.heads(pack)):
        return
    table = packs.run_table(pack)
    for index, key in enumerate(table.keys):
        if key in keys and parse_info(table.infos[index], pack)[0].key == key:
            yield key, table.result(index)


def _inner(folder: Path, kind: str) -> Iterator[Path]:
    """The folders of all streams and learners; none behind a link."""
    with contextlib.suppress(DamagedError):
        check_unlinked(folder, folder / kind)
        for stream in folders_in(folder / kind):
            with contextlib.suppress(DamagedError):
                yield from folders_in(stream)
