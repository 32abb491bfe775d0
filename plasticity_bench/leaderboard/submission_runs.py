"""The runs of a results folder that are submitted, and those that are missing."""

import shlex
from collections.abc import Sequence

from plasticity_bench.errors import BadInputError
from plasticity_bench.results import Results, read_requests
from plasticity_bench.scoring.stored_scores import Stored
from plasticity_bench.suite.suite import Suite

SHOWN = 5
"""Missing runs that a message names."""


def own_learner(results: Results, suite: Suite) -> str:
    """Return the only learner of a results folder that its suite does not include.

    Raises:
        BadInputError: if there is none, or more than one.
    """
    shipped = {contender.label for contender in suite.contenders}
    others = {run.learner for run in read_requests(results.folder).runs} - shipped
    if len(others) != 1:
        known = sorted(others or shipped)
        raise BadInputError(
            f"Say which learner is submitted: --learner, one of {', '.join(known)}."
        )
    return others.pop()


def finished(results: Results, suite: Suite, label: str) -> Stored:
    """Return a learner's runs: every stream, seeds 0 to N - 1, N at least the suite's number.

    Raises:
        BadInputError: if some are missing; the message has the command that completes them.
    """
    requests = read_requests(results.folder)
    runs = requests.of_learner(label, [entry.label for entry in suite.streams])
    num_seeds = max(suite.num_seeds, max(run.seed for run in runs) + 1)
    requested = {(run.stream, run.seed): run for run in runs}
    stored: Stored = []
    missing = []
    for suite_stream in suite.streams:
        by_key = {
            key: table.result(index)
            for table in results.run_tables(suite_stream.label, label)
            for index, key in enumerate(table.keys)
        }
        for seed in range(num_seeds):
            run = requested.get((suite_stream.label, seed))
            if run and run.key in by_key:
                stored.append((run, by_key[run.key]))
            else:
                missing.append(f"{suite_stream.label} seed {seed}")
    if missing:
        command = _with_seeds(requests.commands[runs[0].group], num_seeds)
        raise BadInputError(_incomplete(label, missing, command))
    return stored


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
