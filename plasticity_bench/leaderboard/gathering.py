"""From a results folder to what is submitted: which cells, and which are missing."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from plasticity_bench.errors import BadInputError, did_you_mean
from plasticity_bench.results import Cell, Results, asked
from plasticity_bench.scoring.stored_scores import Stored
from plasticity_bench.shipped import suite_names
from plasticity_bench.suite import yaml_source
from plasticity_bench.suite.suite import Suite, load_suite
from plasticity_bench.suite.suite_data import read_suite

SHOWN = 5
"""Missing cells that a message names."""


def suite_named(name: str) -> Suite:
    """Return the suite that comes with the package and is called so, its data loaded or not.

    Args:
        name: with or without the namespace: plasticity/quick-v0, quick-v0.

    Raises:
        BadInputError: if there is none.
    """
    known = {}
    for shipped in suite_names():
        value = yaml_source.parse(*read_suite(shipped)).value
        known[value["suite"]] = shipped
        known[value["suite"].rpartition("/")[-1]] = shipped
    if name not in known:
        raise BadInputError(f"No suite that comes with the package is {name!r}. Give --suite FILE.")
    return load_suite(known[name], with_data=False)


def suite_of(folder: Path, given: str | None) -> Suite:
    """Return the suite that a results folder is of.

    Args:
        folder: whose name is the suite's and its hash.
        given: a suite's file or name, where it does not come with the package.

    Raises:
        BadInputError: if there is none, or it has changed since.
    """
    name, _, hash8 = folder.resolve().name.partition("@")
    suite = load_suite(given, with_data=False) if given else suite_named(name)
    if f"{name}@{hash8}" != suite.directory_name:
        raise BadInputError(
            f"{folder} does not hold results of {suite.name} as it is now, which are in "
            f"{suite.directory_name}. Run the suite again."
        )
    return suite


def wanted(results: Results, suite: Suite, label: str) -> list[Cell]:
    """Return the cells of a learner that its last command asked for, on all of the suite's streams.

    Raises:
        BadInputError: if nothing was asked for it.
    """
    streams = {run.label for run in suite.streams}
    question = asked(results.folder)
    cells = [c for c in question.cells if c.learner == label and c.stream in streams]
    if not cells:
        known = {cell.learner for cell in question.cells}
        raise BadInputError(
            f"{results.folder} has no learner {label!r}. {did_you_mean(label, known)}"
        )
    return cells


def own_learner(results: Results, suite: Suite) -> str:
    """Return the one learner of a results folder that its suite does not run anyway.

    Raises:
        BadInputError: if there is none, or several.
    """
    shipped = {contender.label for contender in suite.contenders}
    own = {cell.learner for cell in asked(results.folder).cells} - shipped
    if len(own) != 1:
        known = sorted(own or shipped)
        raise BadInputError(
            f"Say which learner is submitted: --learner, one of {', '.join(known)}."
        )
    return own.pop()


def finished(results: Results, suite: Suite, label: str) -> Stored:
    """Return a learner's cells: every stream, seeds 0 to N - 1, N at least the suite's number.

    Raises:
        BadInputError: which are missing, and the command that completes them.
    """
    cells = wanted(results, suite, label)
    num_seeds = max(suite.num_seeds, max(cell.seed for cell in cells) + 1)
    places = {(cell.stream, cell.seed): cell for cell in cells}
    found: Stored = []
    missing = []
    for run in suite.streams:
        there = {
            key: block.result(place)
            for block in results.blocks(run.label, label)
            for place, key in enumerate(block.keys)
        }
        for seed in range(num_seeds):
            cell = places.get((run.label, seed))
            if cell and cell.key in there:
                found.append((cell, there[cell.key]))
            else:
                missing.append(f"{run.label} seed {seed}")
    if missing:
        command = asked(results.folder).commands[cells[0].stream, label]
        raise BadInputError(_incomplete(label, missing, _completed(command, num_seeds)))
    return found


def _incomplete(label: str, missing: Sequence[str], command: str) -> str:
    shown = ", ".join(missing[:SHOWN])
    more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
    return (
        f"The results of {label} are incomplete: {len(missing)} cells are missing: {shown}{more}. "
        f"To complete them: {command}"
    )


def _completed(command: str, num_seeds: int) -> str:
    """The command with as many seeds as are needed."""
    words, kept = shlex.split(command), []
    while words:
        word = words.pop(0)
        if word == "--seeds":
            words[:1] = []
        elif not word.startswith("--seeds="):
            kept.append(word)
    return shlex.join([*kept, "--seeds", str(num_seeds)])
