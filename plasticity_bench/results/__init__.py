"""Results on disk: runs stored one by one, atomically, and packed when there are many.

    cells/STREAM/LEARNER/seed000-KEY/cell.json              status, key, provenance, timings
    cells/STREAM/LEARNER/seed000-KEY/measurements.parquet   a row for each number
    packs/STREAM/LEARNER/SHA256.parquet                     a row for each of many runs
    runs/HASH.json                                          what commands asked for

Format 1 calls a run a cell. docs/results-on-disk.md describes the files for readers without this
package.
"""

from plasticity_bench.results.requests import (
    GroupNotes,
    Requests,
    Scoring,
    read_requests,
    store_request,
)
from plasticity_bench.results.run import FORMAT, Address, LearnerOnStream, Row, Run
from plasticity_bench.results.run_table import RunResult, RunTable
from plasticity_bench.results.selection import TUNED, Selection, Stored, select
from plasticity_bench.results.store import MANY_IN_ALL, Head, Results, Snapshot

__all__ = [
    "FORMAT",
    "MANY_IN_ALL",
    "TUNED",
    "Address",
    "GroupNotes",
    "Head",
    "LearnerOnStream",
    "Requests",
    "Results",
    "Row",
    "Run",
    "RunResult",
    "RunTable",
    "Scoring",
    "Selection",
    "Snapshot",
    "Stored",
    "read_requests",
    "select",
    "store_request",
]
