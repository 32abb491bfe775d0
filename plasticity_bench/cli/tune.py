"""`tune`: search for each learner's settings, on seeds that are never scored."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plasticity_bench.cli.common import (
    BAD_INPUT,
    COMPLETE,
    SOME_FAILED,
    add_hyperparameters,
    count,
    hyperparameters,
    say,
    say_error,
)
from plasticity_bench.cli.executing import (
    add_execution_options,
    check_writable,
    execute_groups,
)

if TYPE_CHECKING:
    from plasticity_bench.running.planning import Group
    from plasticity_bench.suite.contenders import Contender
    from plasticity_bench.suite.suite import Suite

HELP = "search for each learner's settings, on seeds that are never scored"
EXAMPLE = "plasticity-bench tune quick --learner my_module:Learner --settings 16"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    parser.add_argument(
        "suite", metavar="SUITE", help="a YAML file, or the name of a shipped suite"
    )
    parser.add_argument(
        "--learner",
        metavar="NAME|MODULE:CLASS",
        action="append",
        default=[],
        help="tune this learner (default: all of the suite's); may be repeated",
    )
    add_hyperparameters(
        parser, "hold a hyperparameter of the --learner where it is; may be repeated"
    )
    parser.add_argument("--search", choices=("random", "grid", "halving"))
    parser.add_argument("--settings", type=count, metavar="N", help="of each learner, at most")
    parser.add_argument("--seeds", type=count, metavar="N", help="try each setting on N seeds")
    parser.add_argument("--tasks", type=count, metavar="N", help="the first N tasks of each stream")
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="where the record of the search is written (default: tuning.yaml in the results)",
    )
    add_execution_options(parser)
    parser.add_argument(
        "--format", choices=("table", "suite"), default="table", help="suite: its `learners`, tuned"
    )


def execute(options: argparse.Namespace) -> int:
    """Search, write the record, and print the best settings."""
    from plasticity_bench import data
    from plasticity_bench.suite import suite_data

    missing = data.missing(suite_data.datasets_of(options.suite, for_tuning=True))
    for sentence in missing:  # before torch is imported
        say_error(sentence)
    if missing:
        return BAD_INPUT
    from plasticity_bench.results import Results
    from plasticity_bench.tuning import record, report
    from plasticity_bench.tuning.search import Search

    loaded = _suite(options)
    search = Search(loaded, _contenders(loaded, options.learner, hyperparameters(options)))
    folder = options.results / loaded.directory_name
    path = options.output or folder / "tuning.yaml"
    record.check_replaceable(path, search)
    results = Results(folder / "tuning")
    check_writable(results)
    failed: list[int] = []

    def run_rung(rung: "Suite", groups: "list[Group]") -> None:
        failed.append(execute_groups(rung.name, groups, results, options))

    found = search.run(results, run_rung)
    written = record.write(search, found, path)
    unknown = [one.label for one in found if not one.known]
    for label in unknown:
        say(
            f"{label}: nothing was chosen: its runs or the reference's failed, or the reference "
            "gains nothing on these streams."
        )
    if options.format == "suite":
        print(_learners_block(loaded, path))
    else:
        print(report.table(written))
    say(f"Tuned: {path}")
    return SOME_FAILED if sum(failed) or unknown else COMPLETE


def _suite(options: argparse.Namespace) -> "Suite":
    """The suite, with the flags in place of what its file says of tuning."""
    from dataclasses import replace

    from plasticity_bench.suite import suite

    loaded = suite.load_suite(options.suite, with_data=False)
    given = {name: getattr(options, name) for name in ("search", "settings", "seeds", "tasks")}
    set_ = {name: value for name, value in given.items() if value is not None}
    for run in loaded.tuning_streams:
        suite.check_first_task(run.id, run.stream)
    return replace(loaded, tuning=loaded.tuning.model_copy(update=set_))


def _contenders(
    loaded: "Suite", references: Sequence[str], held: dict[str, Any]
) -> "Sequence[Contender]":
    """The learners that are tuned: the suite's own, by label or class, and others.

    Args:
        loaded: the suite.
        references: as `--learner` gives them; none for all of the suite's.
        held: hyperparameters that each of them has, and keeps.
    """
    from dataclasses import replace

    from plasticity_bench.learners import lookup
    from plasticity_bench.suite.contenders import with_learners

    if not references:
        return [contender for contender in loaded.contenders if contender.tuned]
    if held:
        added = with_learners((), references, held)
        return [replace(contender, held=frozenset(held)) for contender in added]
    own = {contender.label: contender for contender in loaded.contenders}
    chosen: dict[str, Contender] = {}
    for reference in references:
        found = [own[reference]] if reference in own else []
        found = found or list(with_learners(loaded.contenders, [reference], {}))
        cls = None if found else lookup.find_learner(reference)  # the suite has just this one
        found = found or [c for c in loaded.contenders if type(c.learner) is cls]
        chosen |= {contender.label: contender for contender in found}
    return list(chosen.values())


def _learners_block(loaded: "Suite", path: Path) -> str:
    from plasticity_bench.tuning import configuring, record

    tuned = record.read(path).applied(loaded.contenders)
    return record.as_yaml(configuring.learners_block(loaded, tuned))
