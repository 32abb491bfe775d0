"""An entry as it was read: manifest and cells, by stream and seed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np

from plasticity_bench.errors import DamagedError
from plasticity_bench.evaluation.protocol import Protocol
from plasticity_bench.leaderboard.manifest import (
    MANIFEST,
    MAX_BYTES,
    MEASUREMENTS,
    NAME,
    Manifest,
    read_manifest,
)
from plasticity_bench.results import Block, Cell
from plasticity_bench.results.columns import pack_block
from plasticity_bench.results.files import folders_in, read_bytes
from plasticity_bench.results.info import parse_info
from plasticity_bench.scoring.scores import Means, Score, means, score
from plasticity_bench.suite.suite import StreamRun, Suite

Place = tuple[str, int]
"""A stream's label and a seed."""


@dataclass(frozen=True)
class EntryCell:
    """A cell of an entry: which one, and what was measured."""

    cell: Cell
    block: Block

    def means(self, run: StreamRun, protocol: Protocol) -> Means:
        """Return what its score is computed from."""
        return next(means(self.block, protocol, run.stream.scored_tasks()))


@dataclass(frozen=True)
class Entry:
    """An entry of the leaderboard.

    Attributes:
        folder: where it lies.
        manifest: what it says of itself.
        cells: of its learner.
        reference: of the learner that its scores are relative to.
    """

    folder: Path
    manifest: Manifest
    cells: Mapping[Place, EntryCell]
    reference: Mapping[Place, EntryCell]

    @property
    def name(self) -> str:
        """The name that the leaderboard shows."""
        return self.manifest.name


def read_entry(folder: Path, reference: str) -> Entry:
    """Return an entry; nothing in it is executed.

    Args:
        folder: of the entry.
        reference: label of its suite's reference.

    Raises:
        DamagedError: if its manifest or its measurements are not what `submit` writes.
    """
    manifest = read_manifest(folder)
    path = folder / MEASUREMENTS
    try:
        content = read_bytes(path, MAX_BYTES[MEASUREMENTS])
    except FileNotFoundError:
        raise DamagedError(folder, f"has no {MEASUREMENTS}") from None
    if sha256(content).hexdigest() != manifest.measurements_sha256:
        raise DamagedError(path, f"is not what {MANIFEST} says: its sha256 differs")
    own: dict[Place, EntryCell] = {}
    others: dict[Place, EntryCell] = {}
    for found in _cells(pack_block(content, path), path):
        place = found.cell.stream, found.cell.seed
        of_learner = found.cell.learner == manifest.learner.label
        if not of_learner and found.cell.learner != reference:
            raise DamagedError(path, f"has cells of {found.cell.learner!r}, of whom it is not")
        if place in (own if of_learner else others):
            raise DamagedError(path, f"has {found.cell.stream} seed {found.cell.seed} twice")
        (own if of_learner else others)[place] = found
    if manifest.learner.label == reference:
        others = own
    return Entry(folder, manifest, own, others)


def entry_sha256(folder: Path) -> str:
    """Return the hash by which records know an entry: that of its manifest.

    The manifest has the hashes of all other files but the records of its verification.
    """
    return sha256(read_bytes(folder / MANIFEST, MAX_BYTES[MANIFEST])).hexdigest()


def entry_folders(entries: Path, suite: Suite) -> list[Path]:
    """Return the folders of a suite's entries, sorted."""
    folder = entries / suite_folder(suite)
    return [path for path in folders_in(folder) if NAME.fullmatch(path.name)]


def suite_folder(suite: Suite) -> str:
    """Return the name of the folder that holds a suite's entries."""
    return suite.name.rpartition("/")[-1]


def scores_of(entry: Entry, suite: Suite) -> dict[str, dict[int, Score]]:
    """Return an entry's scores by stream and seed, computed from its measurements."""
    found: dict[str, dict[int, Score]] = {}
    for run in suite.streams:
        seeds = [s for stream, s in sorted(entry.cells) if stream == run.label]
        found[run.label] = {
            seed: score(
                entry.cells[run.label, seed].means(run, suite.protocol),
                entry.reference[run.label, seed].means(run, suite.protocol),
            )
            for seed in seeds
            if (run.label, seed) in entry.reference
        }
    return found


def _cells(block: Block, path: Path) -> Iterator[EntryCell]:
    for place, text in enumerate(block.infos):
        cell, info = parse_info(text, path)
        same = (cell.key, info["status"]) == (block.keys[place], block.statuses[place])
        if not same or info["status"] == "failed":
            raise DamagedError(path, f"says two things of {cell.stream} seed {cell.seed}")
        yield EntryCell(cell, _one_cell(block, place))


def _one_cell(block: Block, place: int) -> Block:
    """The block of one cell by itself, with those names alone that it has."""
    rows = slice(block.ends[place], block.ends[place + 1])
    used, name = np.unique(block.name[rows], return_inverse=True)
    one = slice(place, place + 1)
    return Block(
        block.keys[one],
        block.statuses[one],
        block.seconds[one],
        block.infos[one],
        np.array([0, rows.stop - rows.start]),
        block.task[rows],
        block.when[rows],
        name,
        block.value[rows],
        block.whens,
        [block.names[index] for index in used],
    )
