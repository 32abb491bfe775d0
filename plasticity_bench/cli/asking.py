"""What `run`, `collect` and `status` share: which cells of a suite are asked for."""

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from plasticity_bench.cli.common import add_hyperparameters, count, hyperparameters, say
from plasticity_bench.errors import BadInputError

if TYPE_CHECKING:
    from plasticity_bench.results import Results
    from plasticity_bench.running.planning import Group
    from plasticity_bench.suite.suite import Suite
    from plasticity_bench.tuning.record import Tuned

FORMATS = ("table", "markdown", "latex", "csv")


@dataclass(frozen=True)
class Question:
    """What is asked for.

    Attributes:
        suite: the suite.
        groups: every cell, finished or not; the learners beside the suite's own come first.
        results: where the suite's results are.
        num_seeds: of each learner on each stream.
    """

    suite: "Suite"
    groups: "list[Group]"
    results: "Results"
    num_seeds: int

    def table(self, format_name: str) -> str:
        """Return the table of what is finished."""
        from plasticity_bench.scoring import table

        return table.render(table.entries(self.suite, self.groups, self.results), format_name)


def add_learner_options(parser: argparse.ArgumentParser) -> None:
    """Declare which cells of a suite can be asked for."""
    parser.add_argument(
        "--learner",
        metavar="NAME|MODULE:CLASS",
        action="append",
        default=[],
        help="a learner beside the suite's own; may be repeated",
    )
    add_hyperparameters(parser, "set a hyperparameter of the --learner; may be repeated")
    parser.add_argument("--seeds", type=count, metavar="N", help="seeds 0 to N-1")
    parser.add_argument(
        "--tuned", type=Path, metavar="FILE", help="use the settings that `tune` wrote there"
    )


def question(options: argparse.Namespace) -> Question:
    """Return what is asked for."""
    from plasticity_bench.results import Results
    from plasticity_bench.running import planning
    from plasticity_bench.suite import suite
    from plasticity_bench.suite.contenders import with_learners
    from plasticity_bench.tuning import record

    loaded = suite.load_suite(options.suite)
    added = with_learners(loaded.contenders, options.learner, hyperparameters(options))
    seeds = range(options.seeds or loaded.num_seeds)
    _check_scored(seeds)
    # A new learner goes first: what is wrong with it shows before minutes of baselines.
    contenders = (*added, *loaded.contenders)
    tuned = record.read(options.tuned) if options.tuned else None
    if tuned:
        contenders = tuned.applied(contenders)
    groups = planning.plan(loaded, contenders, seeds)
    if tuned:
        own = f"{loaded.name}@{loaded.hash8}"
        if tuned.record.suite != own:
            say(f"{tuned.path} was found for {tuned.record.suite}, and this is {own}.")
        groups = _noted(groups, tuned)
    results = Results(options.results / loaded.directory_name)
    return Question(loaded, groups, results, len(seeds))


def _check_scored(seeds: range) -> None:
    """Refuse to score seeds that settings are chosen on."""
    from plasticity_bench import seeding

    if len(seeds) > seeding.TUNING:
        raise BadInputError(
            f"--seeds {len(seeds)}: settings are chosen on seeds from {seeding.TUNING} on, which "
            f"are not scored; run at most {seeding.TUNING}."
        )


def _noted(groups: "list[Group]", tuned: "Tuned") -> "list[Group]":
    """Let every result of a tuned learner say which search its settings come from."""
    untuned = [group.label for group in groups if group.label not in tuned.record.learners]
    if untuned:
        names = ", ".join(dict.fromkeys(untuned))
        say(f"{tuned.path} has nothing for {names}: run with the suite's settings.")
    return [
        group if group.label in untuned else replace(group, notes={"tuned": tuned.origin})
        for group in groups
    ]
