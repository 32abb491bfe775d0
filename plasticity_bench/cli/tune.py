"""`tune`: search for each learner's settings, on seeds that are never scored."""

import argparse
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plasticity_bench.cli import options as shared
from plasticity_bench.cli import requests
from plasticity_bench.cli.common import COMPLETE, SOME_FAILED, say, say_next
from plasticity_bench.cli.options import count
from plasticity_bench.cli.requests import ExecutionRequest
from plasticity_bench.errors import BadInputError
from plasticity_bench.names import given_path

if TYPE_CHECKING:
    from plasticity_bench.suite.contenders import Contender
    from plasticity_bench.suite.planning import Group
    from plasticity_bench.suite.suite import Suite
    from plasticity_bench.tuning.search import Search

HELP = "search for each learner's settings, on seeds that are never scored"
EXAMPLE = "plasticity-bench tune quick --learner my_module:Learner --settings 16"


@dataclass(frozen=True)
class TuningRequest:
    """Which search is wanted.

    Attributes:
        suite: its file, or the name of one that comes with the package.
        learners: that are tuned; all of the suite's if there are none.
        held: hyperparameters that each of them keeps.
        rule: what replaces the suite's own rule: search, settings, seeds, tasks.
        output: where the record is written; None for the results folder.
        results: the folder that holds the results of all suites.
    """

    suite: str
    learners: tuple[str, ...]
    held: dict[str, Any]
    rule: dict[str, Any]
    output: Path | None
    results: Path


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    shared.add_suite(parser)
    parser.add_argument(
        "--learner",
        metavar="NAME|MODULE:CLASS",
        action="append",
        default=[],
        help="tune this learner (default: all of the suite's); may be repeated",
    )
    shared.add_hyperparameters(
        parser, "hold a hyperparameter of the --learner at a value; may be repeated"
    )
    parser.add_argument("--search", choices=("random", "grid", "halving"))
    parser.add_argument("--settings", type=count, metavar="N", help="of each learner, at most")
    parser.add_argument("--seeds", type=count, metavar="N", help="try each setting on N seeds")
    parser.add_argument("--tasks", type=count, metavar="N", help="the first N tasks of each stream")
    parser.add_argument(
        "--output",
        type=given_path,
        metavar="FILE",
        help="where the record of the search is written (default: tuning.yaml in the results)",
    )
    shared.add_results_root(parser)
    shared.add_execution(parser)
    parser.add_argument(
        "--format", choices=("table", "suite"), default="table", help="suite: its `learners`, tuned"
    )


def execute(options: argparse.Namespace) -> int:
    """Search, write the record, and print the best settings."""
    rule = {name: getattr(options, name) for name in ("search", "settings", "seeds", "tasks")}
    request = TuningRequest(
        options.suite,
        tuple(options.learner),
        requests.hyperparameters(options),
        {name: value for name, value in rule.items() if value is not None},
        options.output,
        options.results,
    )
    if options.dry_run:
        return dry_run(request, options.command)
    return tune(request, requests.execution_request(options), options.format)


def dry_run(request: TuningRequest, command: str) -> int:
    """Print what would be searched, and return the exit code."""
    from plasticity_bench import tables
    from plasticity_bench.tuning.space import searched

    search, _ = _search(request)
    suite, rule = search.suite, search.suite.tuning
    headers = ("learner", "searched")
    rows = [(c.label, ", ".join(sorted(searched(c)))) for c in search.contenders]
    print(tables.render(headers, rows, left=headers))
    say(
        f"{suite.name}: {rule.search} search of {rule.settings} settings for each learner, on "
        f"{rule.seeds} seeds and the first {rule.tasks} tasks of {len(suite.tuning_streams)} "
        "streams. Nothing was run."
    )
    say_next(*(word for word in shlex.split(command)[1:] if word != "--dry-run"))
    return COMPLETE


def tune(request: TuningRequest, execution: ExecutionRequest, format_name: str) -> int:
    """Search, write the record, print the best settings, and return the exit code."""
    from plasticity_bench.cli.execution import check_writable, engine_of, execute_groups
    from plasticity_bench.results import Results, store_request
    from plasticity_bench.results.reuse import TUNING
    from plasticity_bench.suite.planning import all_runs
    from plasticity_bench.tuning import report, writing

    search, path = _search(request)
    suite = search.suite
    results = Results(request.results / suite.directory_name / TUNING)
    engine = engine_of(execution)
    check_writable(results)
    failed: list[int] = []

    def run_rung(rung: "Suite", groups: "list[Group]") -> None:
        if execution.chunk is None:
            store_request(results.folder, rung.name, execution.command, all_runs(groups))
        failed.append(execute_groups(rung.name, groups, results, execution, engine))

    outcomes = search.run(results, run_rung)
    written = writing.write(search, outcomes, path)
    unknown = [one.label for one in outcomes if not one.known]
    for label in unknown:
        say(
            f"{label}: nothing was chosen: its runs or the reference's failed, or the reference "
            "gains nothing on these streams."
        )
    if format_name == "suite":
        print(_learners_block(suite, path))
    else:
        print("\n\n".join(filter(None, [report.table(written), report.budget_table(written)])))
        for remark in report.remarks(written):
            say(remark)
    say(f"Tuned: {path}")
    added = [word for reference in request.learners for word in ("--learner", reference)]
    say_next("run", request.suite, *added, "--tuned", path)
    return SOME_FAILED if sum(failed) or unknown else COMPLETE


def _search(request: TuningRequest) -> "tuple[Search, Path]":
    """The search, checked, and the file for its record."""
    from plasticity_bench.tuning import writing
    from plasticity_bench.tuning.search import Search

    suite = _suite(request.suite, request.rule)
    search = Search(suite, _contenders(suite, request.learners, request.held))
    path = request.output or request.results / suite.directory_name / "tuning.yaml"
    writing.check_replaceable(path, search)
    return search, path


def _suite(path_or_name: str, rule: dict[str, Any]) -> "Suite":
    """The suite, with parts of its rule replaced."""
    from plasticity_bench import seeding
    from plasticity_bench.suite.loading import check_data, check_first_task, load_suite

    if rule.get("seeds", 1) > seeding.TUNING:
        raise BadInputError(f"--seeds {rule['seeds']}: tune on at most {seeding.TUNING} seeds.")
    suite = load_suite(path_or_name, with_data=False)
    check_data(suite.tuning_streams)
    for entry in suite.tuning_streams:
        check_first_task(entry.id, entry.stream)
    return replace(suite, tuning=suite.tuning.model_copy(update=rule))


def _contenders(
    suite: "Suite", references: Sequence[str], held: dict[str, Any]
) -> "Sequence[Contender]":
    """The learners that are tuned: the suite's own, by label or class, and others.

    Args:
        suite: the suite.
        references: as `--learner` gives them; none for all of the suite's.
        held: hyperparameters that each of them has, and keeps.
    """
    from plasticity_bench.learners import hyperparameters
    from plasticity_bench.recording.users_learners import declared_learner
    from plasticity_bench.suite.contenders import with_learners

    if not references:
        return [contender for contender in suite.contenders if contender.tuned]
    if held:
        added = with_learners((), references, held)
        return [
            replace(
                contender,
                held=frozenset(hyperparameters.canonical(type(contender.learner), held)),
            )
            for contender in added
        ]
    by_label = {contender.label: contender for contender in suite.contenders}
    chosen: dict[str, Contender] = {}
    for reference in references:
        reference_contenders = [by_label[reference]] if reference in by_label else []
        reference_contenders = reference_contenders or list(
            with_learners(suite.contenders, [reference], {})
        )
        # the suite has just this one
        cls = None if reference_contenders else declared_learner(reference)
        reference_contenders = reference_contenders or [
            c for c in suite.contenders if type(c.learner) is cls
        ]
        chosen |= {contender.label: contender for contender in reference_contenders}
    return list(chosen.values())


def _learners_block(suite: "Suite", path: Path) -> str:
    from plasticity_bench.tuning import configuring, writing
    from plasticity_bench.tuning.record import read_record

    tuned = read_record(path).applied(suite.contenders)
    return writing.as_yaml(configuring.learners_block(suite, tuned))
