"""Everything that a report shows, collected from a results folder."""

import datetime
from collections.abc import Sequence
from importlib import metadata

from plasticity_bench.figures import paper_figure
from plasticity_bench.report import comparisons, origins, ranking, scoring
from plasticity_bench.report.model import CurveRow, ExplanationRow, Report, StatusRow
from plasticity_bench.report.numbers import bounds_or_none, numbers
from plasticity_bench.report.searches import known_records, searches
from plasticity_bench.results import Run, RunResult, Selection, Stored
from plasticity_bench.running import status
from plasticity_bench.scoring import associations, learning_curves, score_table, stored_scores
from plasticity_bench.statistics import few_seeds_notice
from plasticity_bench.tuning.record import Tuned

NOT_CURVES = ("chance", "dead_rank")


def collect(selection: Selection, *, layers: bool = False, tuned: Sequence[Tuned] = ()) -> Report:
    """Return all that a report shows.

    Args:
        selection: of a results folder.
        layers: whether measurements of single layers are shown too.
        tuned: records of searches, to be shown as well.

    Raises:
        BadInputError: if there are no results.
    """
    runs = selection.finished
    results, reference = selection.results, selection.reference
    scores = stored_scores.scores(selection)
    finished = {run.stream for run, _ in runs}
    streams = [stream for stream in selection.streams if stream in finished]
    labels = dict.fromkeys(run.learner for run, _ in runs)
    learners = list(ranking.places(scores, streams, list(labels), reference))
    names = _measurements(runs, layers)
    best_first = stored_scores.ranked(scores, learners)
    looks = paper_figure.looks(learners, reference, best_first)
    suite_status = status.of_folder(results)
    suite, _, suite_hash = results.folder.resolve().name.partition("@")
    seeds = sorted({run.seed for run, _ in runs})
    return Report(
        format=1,
        suite=suite,
        suite_hash=suite_hash,
        made_at=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        version=metadata.version("plasticity-bench"),
        reference=learners.index(reference),
        seeds=seeds,
        streams=streams,
        learners=learners,
        looks=[(*looks.coloured, *looks.grey).index(label) for label in learners],
        selected=[learners.index(label) for label in looks.coloured],
        measurements=names,
        notices=[
            *_notices(suite_status, len(seeds)),
            *selection.sentences,
            *score_table.notices(score_table.entries(selection)),
        ],
        about=origins.streams(selection, streams, names),
        scores=scoring.rows(scores, streams, learners, reference),
        curves=_curves(runs, streams, learners, names),
        profiles=comparisons.profiles(scores, streams, learners),
        pairs=comparisons.pairs(scores, streams, learners),
        explanations=_diagnostics(runs, streams, reference, layers),
        searches=searches(known_records(tuned, runs, results.folder), reference),
        status=_status(suite_status),
        status_sentences=status.summary(suite_status),
        settings=origins.settings(runs, streams, learners),
        costs=origins.costs(selection, learners),
        machines=origins.machines(runs),
        seconds=origins.seconds(runs),
        commands=origins.commands(selection),
    )


def _measurements(runs: Stored, layers: bool) -> list[str]:
    """Names of all measurements, the headlines first."""
    first = dict.fromkeys(
        name for group_runs in runs for name in learning_curves.headlines(*group_runs)
    )
    rest = {str(name) for _, result in runs for name in set(result.columns["name"])}
    there = [name for name in first if name in rest]
    shown = (n for n in sorted(rest) if n not in NOT_CURVES and (layers or "/" not in n))
    return list(dict.fromkeys([*there, *shown]))


def _curves(
    runs: Stored, streams: Sequence[str], learners: Sequence[str], names: Sequence[str]
) -> list[CurveRow]:
    known = set(names)

    def wanted(_: Run, result: RunResult) -> set[str]:
        return known & set(result.columns["name"].tolist())

    rows = []
    for line in learning_curves.of_runs(runs, wanted):
        tasks = sorted(line.points)
        points = [line.points[task] for task in tasks]
        rows.append(
            CurveRow(
                stream=streams.index(line.stream),
                learner=learners.index(line.learner),
                measurement=names.index(line.measurement),
                seeds=line.seeds,
                tasks=tasks,
                mean=numbers(p.mean for p in points),
                low=numbers(p.low for p in points),
                high=numbers(p.high for p in points),
            )
        )
    return sorted(rows, key=lambda row: (row["stream"], row["measurement"], row["learner"]))


def _diagnostics(
    runs: Stored, streams: Sequence[str], reference: str, layers: bool
) -> list[ExplanationRow]:
    table = associations.explain(associations.runs_of(runs), reference, layers=layers)
    return [
        ExplanationRow(
            name=e.name,
            within=bounds_or_none(e.within),
            learners=bounds_or_none(e.learners),
            streams=bounds_or_none(e.streams),
            within_stream=[bounds_or_none(e.within_stream[s]) for s in streams],
            learners_in_stream=[bounds_or_none(e.learners_in_stream[s]) for s in streams],
            signs=e.signs,
            holds=e.num_holds,
        )
        for e in table
    ]


def _status(suite_status: status.Status) -> list[StatusRow]:
    return [
        StatusRow(
            stream=row.stream,
            learner=row.learner,
            counts={name: getattr(row, name) for name in status.COUNTS},
            error=row.error,
        )
        for row in suite_status.rows
    ]


def _notices(suite_status: status.Status, num_seeds: int) -> list[str]:
    sentences = []
    left = sum(row.left for row in suite_status.rows)
    if left:
        total = sum(row.requested for row in suite_status.rows)
        sentences.append(f"{left} of {total} runs have no results: see “Runs” below.")
    return [*sentences, *few_seeds_notice(num_seeds)]
