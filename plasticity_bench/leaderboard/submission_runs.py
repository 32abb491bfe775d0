"""The runs of a results folder that are submitted, and those that are missing."""

import shlex
from collections.abc import Sequence

from plasticity_bench.errors import BadInputError
from plasticity_bench.results import Selection, Stored
from plasticity_bench.results.run_info import MAX_SEED
from plasticity_bench.suite.suite import Suite

SHOWN = 5
"""Missing runs that a message names."""


def own_learner(selection: Selection, suite: Suite) -> str:
    """Return the only selected learner that the suite does not include.

    Raises:
        BadInputError: if there is none, or more than one.
    """
    shipped = {contender.label for contender in suite.contenders}
    others = set(selection.learners) - shipped
    if len(others) != 1:
        known = sorted(others or shipped)
        raise BadInputError(
            f"Say which learner is submitted: --learner, one of {', '.join(known)}."
        )
    return others.pop()


def finished(selection: Selection, suite: Suite, label: str, most: int = MAX_SEED) -> Stored:
    """Return a learner's runs: every stream, seeds 0 to N - 1, N at least the suite's number.

    Args:
        selection: of the suite's results.
        suite: of the results.
        label: of the learner.
        most: seeds of this number on are left out.

    Raises:
        BadInputError: if some are missing; the message has the command that completes them.
    """
    label = selection.checked(label)
    runs = [run for run in selection.runs if run.learner == label]
    num_seeds = max(suite.num_seeds, min(most, max(run.seed for run in runs) + 1))
    by_seed = {
        (run.stream, run.seed): (run, result)
        for run, result in selection.stored
        if run.learner == label
    }
    wanted = [(entry.label, seed) for entry in suite.streams for seed in range(num_seeds)]
    missing = [f"{stream} seed {seed}" for stream, seed in wanted if (stream, seed) not in by_seed]
    if missing:
        command = selection.requests.commands.get(runs[0].group, "plasticity-bench run")
        raise BadInputError(_incomplete(label, missing, _with_seeds(command, num_seeds)))
    return [by_seed[place] for place in wanted]


def _incomplete(label: str, missing: Sequence[str], command: str) -> str:
    shown = ", ".join(missing[:SHOWN])
    more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
    return (
        f"The results of {label} are incomplete: {len(missing)} runs are missing: {shown}{more}. "
        f"To complete them: {command}"
    )


def _with_seeds(command: str, num_seeds: int) -> str:
    """The command with the number of seeds needed."""
    words, kept = shlex.split(command), []
    while words:
        word = words.pop(0)
        if word == "--seeds":
            words[:1] = []
        elif not word.startswith("--seeds="):
            kept.append(word)
    return shlex.join([*kept, "--seeds", str(num_seeds)])
