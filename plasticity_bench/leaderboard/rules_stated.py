"""Rules on what an entry merely states: that it is possible, and fits the rest."""

import math
import re
from collections.abc import Iterator, Mapping
from importlib import metadata
from typing import Any

import numpy as np

from plasticity_bench.leaderboard.flags import flags_of
from plasticity_bench.leaderboard.rules_measured import series
from plasticity_bench.leaderboard.validation_context import ValidationContext, named
from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.shipped import baseline_names

ROUNDING = 1e-4
"""Of a mean loss in float32, in nats."""
FEW = 5
"""Ranks that may be equal by chance."""


def losses(context: ValidationContext) -> Iterator[str]:
    """A cross-entropy fits the accuracy on the same examples.

    An example that is classified wrongly has probability 1/2 at most, so it adds ln 2 nats at
    least. One that is classified correctly has the largest of C probabilities, so it adds ln C at
    most.
    """
    for suite_stream, entry_run in context.own_runs():
        if suite_stream.stream.regression:
            continue
        accuracies = dict(zip(*series(entry_run, "accuracy", "end"), strict=True))
        most = math.log(suite_stream.network.num_outputs)
        for task, loss in zip(*series(entry_run, "loss", "end"), strict=True):
            accuracy = accuracies.get(task, math.nan)
            too_low = loss < (1 - accuracy) * math.log(2) - ROUNDING
            if too_low or (accuracy == 1 and loss > most + ROUNDING):
                yield (
                    f"{named(entry_run)}: in task {task} a loss of {loss:.4g} is impossible with "
                    f"an accuracy of {accuracy:.4g}"
                )
                break


def ranks(context: ValidationContext) -> Iterator[str]:
    """Ranks are whole numbers, and not the same one in all tasks and seeds of a stream.

    Only the ranks of dead networks and full ones are.
    """
    name, full = context.suite.protocol.curvature_name, context.suite.protocol.curvature_examples
    for suite_stream in context.suite.streams:
        runs = [entry_run for stream, entry_run in context.own_runs() if stream is suite_stream]
        values = np.concatenate([np.zeros(0), *(series(r, name, "start")[1] for r in runs)])
        dead = np.concatenate([np.zeros(0), *(series(r, "dead_rank", "start")[1] for r in runs)])
        known = values[np.isfinite(values)]
        if (known != known.round()).any():
            yield f"{suite_stream.label}: ranks are not whole numbers"
        if len(known) > FEW and len(set(known)) == 1 and dead.max(initial=0) < known[0] < full:
            yield f"{suite_stream.label}: the rank is {known[0]:.0f} in every task of every seed"


def versions(context: ValidationContext) -> Iterator[str]:
    """Versions are those that this package runs on, up to the major ones that are here."""
    for environment in context.entry.manifest.environments:
        stated = environment.get("packages")
        for package, lowest in _required().items():
            version = stated.get(package) if isinstance(stated, dict) else None
            numbers = _release(version)
            here = _release(metadata.version(package))
            if not numbers or not lowest <= numbers < (here[0] + 1,):
                yield f"{package} {version} is no version that this package is known to run on"


def flags(context: ValidationContext) -> Iterator[str]:
    """Flags of a shipped baseline are those that its code has here."""
    part, stated = context.entry.manifest.learner, context.entry.manifest.flags
    if part.reference not in baseline_names():
        context.notes.append("its costs, which only its record can tell: verify it")
        return
    learner = find_learner(part.reference).from_settings(next(iter(part.hyperparameters.values())))
    computed = flags_of(learner, context.suite.streams[0])
    if computed != stated:
        yield f"flags are {_shown(stated)}, and the baseline's are {_shown(computed)}"


def _shown(flags: Any) -> str:
    return ", ".join(f"{name} {value}" for name, value in flags.model_dump().items())


def _required() -> Mapping[str, tuple[int, ...]]:
    """The lowest version of each package that is part of an environment."""
    stated = metadata.requires("plasticity-bench") or []
    pairs = (re.match(r"([\w-]+)>=([\d.]+)", text) for text in stated if "extra" not in text)
    lowest = {pair[1]: _release(pair[2]) for pair in pairs if pair}
    return {name: lowest[name] for name in ("torch", "numpy") if name in lowest}


def _release(version: object) -> tuple[int, ...]:
    """The numbers that a version begins with; none if it does not begin with a number."""
    found = re.match(r"\d{1,6}(\.\d{1,6})*", version) if isinstance(version, str) else None
    return tuple(int(number) for number in found[0].split(".")) if found else ()
