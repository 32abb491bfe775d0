"""Runs in shares: what one task of a cluster does of a command, and the folder of a submission."""

import json
import sys
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from plasticity_bench.errors import BadInputError
from plasticity_bench.running.engines import frozen_code
from plasticity_bench.suite.planning import Group

LOG_BYTES = 2**14
LOG_SHOWN = 500
"""Of a log: bytes that are read, and characters that are shown."""


@dataclass(frozen=True)
class Command:
    """What the tasks of a submission run.

    Attributes:
        arguments: of the command, without its engine.
        files: those of its arguments that are copied, if they are files: the suite's, and a record
            of tuned settings.
    """

    arguments: Sequence[str]
    files: Sequence[str] = ()


@dataclass(frozen=True)
class Shares:
    """A folder with the shares of a submission, the code that its tasks run, and their logs.

    Attributes:
        folder: in the results; `chunks.json` has the keys of each share's runs, `code` the user's
            modules, and `task-N.log` what task N printed.
        num_tasks: how many shares there are.
        words: the command that each task runs, but for its `--chunk`.
        left_out: packages of the user's that are too large to be copied.
    """

    folder: Path
    num_tasks: int
    words: tuple[str, ...]
    left_out: tuple[str, ...] = ()

    @property
    def chunks(self) -> Path:
        """The file with the shares: a task is given `--chunk FILE:INDEX`."""
        return self.folder.resolve() / "chunks.json"

    @property
    def code(self) -> Path:
        """The folder with the user's modules as they were at submission."""
        return self.folder.resolve() / "code"


def write(groups: Sequence[Group], command: Command, results: Path, most: int) -> Shares:
    """Return the shares of groups, stored in a new folder of the results.

    Args:
        groups: what is to be run.
        command: what each task runs on its share.
        results: the suite's results folder.
        most: the largest number of shares.
    """
    chunks = in_shares(groups, most)
    base = results / "slurm"
    folder = base / f"{time.strftime('%Y%m%d-%H%M%S')}-{len(list(base.glob('*')))}"
    folder.mkdir(parents=True)
    keys = [[run.key for group in chunk for run in group.runs] for chunk in chunks]
    (folder / "chunks.json").write_text(json.dumps(keys), encoding="utf-8")
    left_out = frozen_code.freeze(_classes(groups), folder / "code")
    arguments = frozen_code.with_copies(command.arguments, command.files, folder)
    words = (sys.executable, "-m", "plasticity_bench.cli", *arguments)
    return Shares(folder, len(chunks), words, tuple(left_out))


def _classes(groups: Sequence[Group]) -> set[type]:
    return {type(one) for group in groups for one in (*group.learners, group.suite_stream.stream)}


def in_shares(groups: Sequence[Group], num_shares: int) -> list[list[Group]]:
    """Return groups split into at most `num_shares` shares of similar size.

    The largest group is assigned first; shares take turns, back and forth.
    """
    by_size = sorted(groups, key=lambda g: g.num_updates * len(g.runs), reverse=True)
    shares: list[list[Group]] = [[] for _ in range(min(num_shares, len(by_size)))]
    for number, group in enumerate(by_size):
        turn, position = divmod(number, len(shares))
        shares[position if turn % 2 == 0 else -1 - position].append(group)
    return shares


def chunk(text: str) -> set[str]:
    """Return the keys of the runs that FILE:INDEX names.

    Raises:
        BadInputError: if that is not there.
    """
    file, _, index = text.rpartition(":")
    try:
        keys: set[str] = set(json.loads(Path(file).read_text(encoding="utf-8"))[int(index)])
        return keys
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise BadInputError(f"--chunk {text}: {error}") from None


def last_lines(log: Path, number: int = 3) -> str:
    """Return the last lines of a log that are not empty, in one line; "" if there are none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - LOG_BYTES))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    lines = [" ".join(line.split()) for line in text.splitlines()]
    shown = " | ".join([line for line in lines if line][-number:])
    return "".join(letter if letter.isprintable() else "?" for letter in shown)[-LOG_SHOWN:]


def unfinished(folder: Path, missing: Collection[str]) -> list[tuple[Path, int]]:
    """Return the log of each task with missing runs, and how many it has.

    Args:
        folder: of a submission.
        missing: keys of the runs that have no results.
    """
    wanted = set(missing)
    try:
        chunks = json.loads((folder / "chunks.json").read_text(encoding="utf-8"))
        counts = [sum(key in wanted for key in chunk) for chunk in chunks]
    except (OSError, ValueError, TypeError):
        return []
    return [(folder / f"task-{i}.log", count) for i, count in enumerate(counts) if count]
