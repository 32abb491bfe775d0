"""All suites of a folder of entries, one after another; as Markdown it is leaderboard/README.md."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from plasticity_bench.errors import DamagedError
from plasticity_bench.leaderboard.entry import Entry, entry_folders, read_entry, suite_folder
from plasticity_bench.leaderboard.ranking import Row, rows
from plasticity_bench.leaderboard.rendering import render
from plasticity_bench.safe_files import folders_in
from plasticity_bench.suite.loading import suite_named
from plasticity_bench.suite.suite import Suite

Tables = Mapping[str, tuple[Suite, Sequence[Row]]]
"""By the name of a suite's folder, the suite and its rows."""

TITLE = """\
# Leaderboard

This page is made from `leaderboard/entries` by `plasticity-bench leaderboard --format markdown`.
[docs/submitting.md](../docs/submitting.md) says how to add an entry, and what it is checked for.
`plasticity-bench leaderboard --site FOLDER` makes a site of it, with a page for each entry, and
`plasticity_bench.load_leaderboard()` a data frame.

## Layout

This folder is laid out as a repository of its own, and can become one.

- `entries/SUITE/NAME/`: an entry; an earlier version of a suite is a suite of its own
- `.github/workflows/validate.yml`, `changed_entries`, `requirements.txt`: validation of the entries
  that a pull request changes, by a version of the package. As long as the folder is a part of the
  package's repository, the workflow at its top does this with the code of the base branch
- `make_entries.sh`: makes the entries of the baselines, in a clone of the package's repository

## Columns

Entries are sorted by mean trainability over streams and seeds, relative to a fresh, tuned network.
Retained plasticity and curvature retention are relative to the learner's own fresh copy. Entries of
one rank, and one letter, do not differ significantly from one another, corrected for all pairs;
brackets give 95 % intervals. An entry called NAME_defaults is the method NAME with its default
hyperparameters. *Source* cites the paper of a baseline, and *verified by* says whether its rule was
compared with the authors' code or the paper ([docs/learners.md](../docs/learners.md)). *Collapsed*
is the share of replicas that diverged, or learn next to nothing in the end; *FLOPs* are of an
update, relative to plain Adam; *needs* lists task boundaries, and parameters and memory beyond
those of plain Adam. *Settings* are tuned by a search whose record is in the entry, the suite's, or
not tuned; *at the edge* are those whose value is the smallest or the largest that was tried;
*updates of the search* are its cost. *Status* is self-reported; verified, if some runs were run
again and gave the same bits; or consistent, if they were runs on a GPU, which are compared within a
tolerance. [docs/scores.md](../docs/scores.md) and [docs/statistics.md](../docs/statistics.md)
define the columns. `plasticity-bench leaderboard --suite quick-v0` shows entries of an earlier
version.
"""
HEAD = TITLE.partition("`leaderboard/entries`")[0]
"""How a page that was made by `page` begins."""
NONE_YET = "There are no entries yet.\n"


def suites_in(entries: Path, given: Sequence[Suite] = ()) -> list[Suite]:
    """Return the suites that a folder has entries of, the one with most updates first.

    Raises:
        BadInputError: if a suite is neither given nor included in the package.
    """
    known = {suite.name.rpartition("/")[-1]: suite for suite in given}
    suites = []
    for path in folders_in(entries):
        suites.append(known.get(path.name) or suite_named(path.name))
    return sorted(suites, key=_num_updates, reverse=True)


def _num_updates(suite: Suite) -> int:
    """Of one replica on all streams."""
    streams = [suite_stream.stream for suite_stream in suite.streams]
    return sum(stream.updates(task) for stream in streams for task in range(stream.num_tasks))


def latest(suites: Sequence[Suite]) -> list[Suite]:
    """Return the latest version of each suite, in the order given."""
    versions: dict[str, list[tuple[int, Suite]]] = {}
    for suite in suites:
        name, _, version = suite.name.rpartition("-v")
        versions.setdefault(name, []).append((int(version), suite))
    newest = [max(of_name, key=lambda pair: pair[0])[1] for of_name in versions.values()]
    return [suite for suite in suites if suite in newest]


def table_of(entries: Path, suite: Suite, notify: Callable[[str], None]) -> list[Row]:
    """Return the rows of a suite's table; entries that cannot be shown are passed to `notify`."""
    read: list[Entry] = []
    for path in entry_folders(entries, suite):
        try:
            entry = read_entry(path, suite.reference)
        except DamagedError as error:
            notify(f"{error}: the entry is not shown.")
            continue
        stated = entry.manifest.suite.hash
        if stated != suite.hash8:
            notify(f"{path} is for another version of {suite.name}, {stated}: it is not shown.")
            continue
        read.append(entry)
    return rows(read, suite)


def tables_of(entries: Path, suites: Sequence[Suite], notify: Callable[[str], None]) -> Tables:
    """Return suites and the rows of their tables, by the names of their folders."""
    return {suite_folder(suite): (suite, table_of(entries, suite, notify)) for suite in suites}


def page(tables: Tables, format_name: str) -> str:
    """Return the tables of some suites, one after another."""
    markdown = format_name == "markdown"
    parts = [TITLE] if markdown else []
    for suite, table in tables.values():
        if format_name in ("table", "markdown"):
            head = f"{suite.name}@{suite.hash8}"
            parts.append(f"## {head}\n" if markdown else f"{head}\n")
            parts += [f"{suite.description}\n"] if markdown and suite.description else []
        parts.append(render(table, format_name) + "\n")
    if not tables:
        parts.append(NONE_YET)
    return "\n".join(parts).rstrip("\n")
