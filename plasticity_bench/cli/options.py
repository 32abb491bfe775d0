"""Declarations of the options that several verbs share."""

import argparse
from pathlib import Path

from plasticity_bench.names import given_path

FORMATS = ("table", "markdown", "latex", "csv")


SCORE_NAMES = ("trainability", "retained", "curvature", "online", "test", "time")
"""Those of `scoring.scores.SCORES`, which is not imported before a verb runs."""

MOST = 10**6
"""Of whatever is counted: beyond it, planning alone would take hours."""


def count(text: str) -> int:
    """Return a whole number from 1 to `MOST`; the type of options.

    Raises:
        argparse.ArgumentTypeError: if the text is something else.
    """
    try:
        value = int(text)
    except ValueError:
        value = 0
    if not 1 <= value <= MOST:
        raise argparse.ArgumentTypeError(f"a whole number from 1 to {MOST:,}, not {text[:50]!r}")
    return value


def add_suite(parser: argparse.ArgumentParser) -> None:
    """Declare the suite."""
    parser.add_argument(
        "suite", metavar="SUITE", help="a YAML file, or the name of a shipped suite"
    )


def add_results_or_suite(parser: argparse.ArgumentParser) -> None:
    """Declare a suite's results folder, or a suite."""
    parser.add_argument(
        "suite", metavar="RESULTS|SUITE", help="a suite's results folder, or a suite as for run"
    )


def add_results(parser: argparse.ArgumentParser) -> None:
    """Declare a suite's results folder."""
    parser.add_argument(
        "results", metavar="RESULTS", type=given_path, help="a suite's results folder"
    )


def add_results_root(parser: argparse.ArgumentParser) -> None:
    """Declare the folder that holds the results of all suites."""
    parser.add_argument(
        "--results",
        type=given_path,
        default=Path("results"),
        metavar="DIR",
        help="default: results",
    )


def add_suite_file(parser: argparse.ArgumentParser) -> None:
    """Declare the suite of results or of an entry."""
    parser.add_argument("--suite", metavar="FILE", help="if it does not come with the package")


def add_table(parser: argparse.ArgumentParser) -> None:
    """Declare the format and the columns of the table of scores."""
    parser.add_argument("--format", choices=FORMATS, default="table")
    parser.add_argument(
        "--columns",
        type=_columns,
        metavar="NAME,...",
        help="default: trainability,retained,curvature,online,cost; also test, time, accuracy, "
        "rank, rank_ratio, seconds; or all. csv has every number",
    )


def _columns(text: str) -> tuple[str, ...]:
    """The columns that are named; a slip shows now, not after the last run."""
    from plasticity_bench.scoring.score_table import chosen_columns

    return chosen_columns(text)


def add_reference(parser: argparse.ArgumentParser) -> None:
    """Declare the reference."""
    parser.add_argument(
        "--reference",
        metavar="LEARNER",
        help="the learner that scores are relative to (default: the suite's reference)",
    )


def add_hyperparameters(parser: argparse.ArgumentParser, help_: str) -> None:
    """Declare the option that sets hyperparameters of the `--learner`."""
    parser.add_argument(
        "-H",
        dest="hyperparameters",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help=help_,
    )


def add_runs(parser: argparse.ArgumentParser) -> None:
    """Declare which runs of a suite are wanted."""
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
        "--tuned", type=given_path, metavar="FILE", help="use the settings that `tune` wrote there"
    )
    add_results_root(parser)


def add_execution(parser: argparse.ArgumentParser) -> None:
    """Declare how runs are executed."""
    parser.add_argument("--jobs", type=count, metavar="N", help="processes (default: all cores)")
    parser.add_argument(
        "--compile",
        choices=("auto", "on", "off"),
        default="auto",
        help="compile each learner's update (auto: where a stream is long)",
    )
    add_renamed_count(
        parser,
        "--replicas",
        "--members",
        metavar="N",
        help_="seeds in one computation (default: measured)",
    )
    parser.add_argument(
        "--device",
        default="cpu",
        metavar="cpu|auto|cuda|cuda:0,cuda:1",
        help="where to compute; a process for each GPU (auto: all of them, else the CPU)",
    )
    parser.add_argument("--tf32", action="store_true", help="let a GPU round products to TF32")
    add_renamed_count(
        parser,
        "--run-timeout",
        "--cell-timeout",
        metavar="SECONDS",
        help_="end a run that takes longer; it counts as failed",
    )
    parser.add_argument(
        "--no-reuse",
        action="store_true",
        help="compute also what is finished in another folder or comes with the package",
    )
    parser.add_argument(
        "--checkpoint-interval",
        type=count,
        default=300,
        metavar="SECONDS",
        help="the longest time between two checkpoints (default: 300)",
    )
    parser.add_argument(
        "--engine",
        choices=("local", "slurm", "dask"),
        default="local",
        help="run locally, as a Slurm job array, or on the workers of a Dask scheduler",
    )
    parser.add_argument(
        "--dask", metavar="ADDRESS", help="of the scheduler, such as tcp://login1:8786"
    )
    parser.add_argument(
        "--slurm-profile",
        type=given_path,
        metavar="FILE",
        help="YAML: what the tasks ask Slurm for",
    )
    parser.add_argument(
        "--slurm",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="one setting of such a profile, as partition=gpu or time=12:00:00; may be repeated",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="print what would be run, and run nothing"
    )
    parser.add_argument("--detach", action="store_true", help="submit to Slurm, and return at once")
    parser.add_argument("--chunk", help=argparse.SUPPRESS)


def add_replicas(parser: argparse.ArgumentParser, help_: str) -> None:
    """Declare how many replicas one population has."""
    add_renamed_count(parser, "--replicas", "--members", metavar="N", help_=help_)


def add_renamed_count(
    parser: argparse.ArgumentParser, name: str, earlier: str, *, metavar: str, help_: str
) -> None:
    """Declare a count whose earlier name is still accepted, but not shown."""
    dest = name.lstrip("-").replace("-", "_")
    parser.add_argument(name, dest=dest, type=count, metavar=metavar, help=help_)
    parser.add_argument(earlier, dest=dest, type=count, help=argparse.SUPPRESS)
