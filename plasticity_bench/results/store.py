"""The store of one suite's results: cells by key, wherever on the disk they lie."""

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from plasticity_bench.errors import DamagedError
from plasticity_bench.results import loose, packs
from plasticity_bench.results.block import Block, CellResult
from plasticity_bench.results.cell import Address, Cell, Row, plain
from plasticity_bench.results.files import check_unlinked, folders_in, remove_folder, sweep
from plasticity_bench.results.info import last_error, parse_info

MANY_OF_A_LEARNER = 100
"""Loose cells of one stream and learner from which they are packed."""
MANY_IN_ALL = 2000
"""Loose cells in a store from which all are packed: to read so many takes a second."""


class Head(NamedTuple):
    """What a list of results tells of a cell.

    Attributes:
        key: of the cell.
        stream: the stream's label.
        learner: the learner's label.
        seed: of the member.
        status: "complete", "diverged" or "failed".
        path: the cell's folder, or the pack that it is in.
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
        """Where the cell is looked for."""
        return self.stream, self.learner, self.key


class Snapshot(NamedTuple):
    """What a store holds, found in one pass over it.

    Attributes:
        finished: the cells that have results.
        failed: those that were tried and have none.
        damaged: what cannot be used. The cells that it held count as never run.
    """

    finished: dict[Address, Head]
    failed: dict[Address, Head]
    damaged: list[DamagedError]


class Results:
    """The store of one suite's results, in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, cell: Cell) -> Path:
        """Return the folder of a cell that is not packed: readable to people, told by its key."""
        return self._loose_path(cell)

    # ---- one cell --------------------------------------------------------------------------------

    def is_finished(self, cell: Cell) -> bool:
        """Return whether a cell's results are there; `snapshot` is quicker for many."""
        with contextlib.suppress(DamagedError):
            own = self._loose(self.path(cell))
            if own and own.is_finished:
                return True
        for path in packs.names_in(self._place(cell.stream, cell.learner, "packs")):
            with contextlib.suppress(DamagedError):
                if any(head[0] == cell.key for head in packs.heads(path)):
                    return True
        return False

    def load(self, cell: Cell) -> CellResult | None:
        """Return a finished cell's results, or None."""
        with contextlib.suppress(DamagedError):
            own = self._loose(self.path(cell))
            if own and own.is_finished:
                return own.block().result(0)
        for block in self._packed(plain(cell.stream), plain(cell.learner)):
            if cell.key in block.keys:
                return block.result(block.keys.index(cell.key))
        return None

    def save(self, cell: Cell, rows: Iterable[Row], info: dict[str, Any]) -> None:
        """Store a cell, in place of a failed attempt at it.

        Raises:
            DamagedError: if a link would lead it elsewhere.
        """
        check_unlinked(self.folder, self.path(cell).parent)
        loose.write(self.path(cell), cell, rows, info)

    def save_failure(self, cell: Cell, trace: str, info: dict[str, Any]) -> None:
        """Store why a cell has no results; it is tried again the next time. Raises as `save`."""
        check_unlinked(self.folder, self.path(cell).parent)
        loose.write_failure(self.path(cell), cell, trace, info)

    # ---- all cells -------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """Return what the store holds. Every file is read and compared with its checksum."""
        found = Snapshot({}, {}, [])
        lost: dict[Path, DamagedError] = {}
        # Loose cells first: one that is packed meanwhile is then found in its pack.
        for folder in self._folders("cells", found.damaged):
            for path in folders_in(folder):
                try:
                    own = self._loose(path)
                except DamagedError as error:
                    lost[path] = error
                    continue
                if own:
                    _note(found, own)
        for folder in self._folders("packs", found.damaged):
            for path in packs.names_in(folder):
                try:
                    heads = (Head(*head, path) for head in packs.heads(path))
                    found.finished.update((head.address, head) for head in heads)
                except DamagedError as error:
                    found.damaged.append(error)
        if lost:  # but for what lies in a pack too
            there = {self._loose_path(head) for head in found.finished.values()}
            found.damaged.extend(error for path, error in lost.items() if path not in there)
        for address in found.failed.keys() & found.finished.keys():
            del found.failed[address]
        return found

    def blocks(self, stream: str, learner: str) -> Iterator[Block]:
        """Yield the finished cells of a stream and a learner, given by their labels.

        A cell may come twice, and others may come whose labels make the same file names: take
        those whose keys are wanted. What is damaged is left out; `snapshot` tells of it.
        """
        yield from self._blocks(plain(stream), plain(learner))

    def stored(self) -> Iterator[tuple[Cell, CellResult]]:
        """Yield every finished cell of the folder, by stream, learner and seed."""
        places = {
            (folder.parent.name, folder.name)
            for kind in ("cells", "packs")
            for folder in self._folders(kind, [])
        }
        for place in sorted(places):
            found: dict[str, tuple[Cell, CellResult]] = {}
            for block in self._blocks(*place):
                for index, key in enumerate(block.keys):
                    with contextlib.suppress(DamagedError):
                        cell, _ = parse_info(block.infos[index], self.folder)
                        if cell.key == key and key not in found:
                            found[key] = cell, block.result(index)
            yield from sorted(found.values(), key=lambda own: (own[0].seed, own[0].key))

    # ---- upkeep ----------------------------------------------------------------------------------

    def pack(self, many: int = MANY_OF_A_LEARNER, in_all: int = MANY_IN_ALL) -> int:
        """Pack finished cells where there are many; return how many.

        The pack is on the disk before a folder is removed, and a cell that is in both counts once:
        it may be interrupted at any moment, and two processes may do it at a time.

        Args:
            many: cells of one stream and learner from which they are packed.
            in_all: cells of the store from which all are.
        """
        loose_of = {folder: folders_in(folder) for folder in self._folders("cells", [])}
        if sum(map(len, loose_of.values())) >= in_all:
            many = 1
        return sum(
            self._pack(folder, paths) for folder, paths in loose_of.items() if len(paths) >= many
        )

    def set_aside(self, damage: DamagedError) -> None:
        """Rename a damaged pack, so that it is told of once; its cells are run again."""
        path = damage.path
        if path.is_relative_to(self.folder / "packs") and path.suffix == ".parquet":
            with contextlib.suppress(OSError):
                path.rename(path.with_suffix(".damaged"))

    def _pack(self, folder: Path, paths: Iterable[Path]) -> int:
        target = self.folder / "packs" / folder.parent.name / folder.name
        check_unlinked(self.folder, target)
        sweep(folder)
        cells = []
        for path in paths:
            with contextlib.suppress(DamagedError):
                own = self._loose(path)
                if own and own.is_finished:
                    cells.append(own)
        packs.write(target, cells)
        for own in cells:
            remove_folder(own.path)
        return len(cells)

    def _loose_path(self, cell: Cell | Head) -> Path:
        name = f"seed{cell.seed:03d}-{cell.key[:12]}"
        return self._place(cell.stream, cell.learner, "cells") / name

    def _loose(self, path: Path) -> loose.LooseCell | None:
        check_unlinked(self.folder, path)
        own = loose.read(path)
        if own and path != self.path(own.cell):
            raise DamagedError(path, f"is not where its key has it: at {self.path(own.cell).name}")
        return own

    def _blocks(self, stream: str, learner: str) -> Iterator[Block]:
        for path in folders_in(self.folder / "cells" / stream / learner):
            with contextlib.suppress(DamagedError):
                own = self._loose(path)
                if own and own.is_finished:
                    yield own.block()
        yield from self._packed(stream, learner)

    def _packed(self, stream: str, learner: str) -> Iterator[Block]:
        for path in packs.names_in(self.folder / "packs" / stream / learner):
            with contextlib.suppress(DamagedError):
                yield packs.block(path)

    def _place(self, stream: str, learner: str, kind: str) -> Path:
        return self.folder / kind / plain(stream) / plain(learner)

    def _folders(self, kind: str, damaged: list[DamagedError]) -> Iterator[Path]:
        """The folders of all streams and learners; none behind a link."""
        for stream in folders_in(self.folder / kind):
            try:
                yield from folders_in(stream)
            except DamagedError as error:
                damaged.append(error)


def _note(found: Snapshot, own: loose.LooseCell) -> None:
    cell, status = own.cell, own.info["status"]
    head = Head(cell.key, cell.stream, cell.learner, cell.seed, status, own.path)
    if own.is_finished:
        found.finished[cell.address] = head
    else:
        found.failed[cell.address] = head._replace(error=last_error(own.info.get("traceback")))
