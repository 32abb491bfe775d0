"""Results on disk: cells stored one by one, whole or not at all, and packed when they are many.

    cells/STREAM/LEARNER/seed000-KEY/cell.json              status, key, provenance, timings
    cells/STREAM/LEARNER/seed000-KEY/measurements.parquet   a row for each number
    packs/STREAM/LEARNER/SHA256.parquet                     a row for each of many cells

docs/results-on-disk.md describes the files for those who read them without this package.
"""

from plasticity_bench.results.asked import Asked, asked, note_asked
from plasticity_bench.results.block import Block, CellResult
from plasticity_bench.results.cell import FORMAT, Address, Cell, Row
from plasticity_bench.results.store import MANY_IN_ALL, Head, Results, Snapshot

__all__ = [
    "FORMAT",
    "MANY_IN_ALL",
    "Address",
    "Asked",
    "Block",
    "Cell",
    "CellResult",
    "Head",
    "Results",
    "Row",
    "Snapshot",
    "asked",
    "note_asked",
]
