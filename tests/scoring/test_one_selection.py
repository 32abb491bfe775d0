"""Every verb shows the same scores of the same runs, whatever a folder of results holds."""

import csv
import io
import math
import re
from itertools import pairwise

import numpy as np
import pytest

import plasticity_bench as pb
from plasticity_bench.cli import main
from plasticity_bench.figures import associations as association_figure
from plasticity_bench.figures import learning_curves as curve_figure
from plasticity_bench.figures import performance_profiles, score_scatter
from plasticity_bench.leaderboard import submission_runs
from plasticity_bench.report import collect
from plasticity_bench.results import (
    GroupNotes,
    LearnerOnStream,
    Results,
    Row,
    Run,
    Scoring,
    select,
    store_request,
)
from plasticity_bench.results.run import own_fresh_label
from plasticity_bench.scoring import associations

STREAMS = ("easy", "hard")
NUM_TASKS = 5


def random_folder(folder, seed):
    """Several requests of several learners: other code, settings, seeds, tuned or not."""
    draws = np.random.default_rng(seed)
    results = Results(folder / "lab-v0@01234567")
    tasks = {s: sorted(draws.choice(NUM_TASKS, 2, replace=False).tolist()) for s in STREAMS}
    for number in range(5):
        requested, notes = [], {}
        names = ["fresh", *draws.choice(["adam", "l2", "own"], 2, replace=False)]
        tuned = draws.random() < 0.3
        code, num_seeds = str(draws.integers(3)), int(draws.integers(2, 5))
        for name in names:
            label = f"{name} (tuned)" if tuned else name
            for stream in STREAMS:
                group = LearnerOnStream(stream, label)
                identity = {
                    "stream": {"id": "lab/Own-v0", "parameters": {"num_tasks": NUM_TASKS}},
                    "network": {"hidden": [8]},
                    "learner": {
                        "class": "Own",
                        "source": (code if name == "own" else "9") * 64,
                        "hyperparameters": {"label": label, "step_size": 0.1 + tuned},
                    },
                    "protocol": {"curvature_examples": 16},
                }
                requested += Run.of_seeds(*group, identity, range(num_seeds))
                if draws.random() < 0.7:  # requests of earlier versions had no own fresh copies
                    fresh = {**identity, "protocol": {"curvature_examples": 16, "restarts": True}}
                    copy = own_fresh_label(label)
                    requested += Run.of_seeds(stream, copy, fresh, range(num_seeds))
                if tuned:
                    notes[group] = GroupNotes(tuned={"file": "t.yaml", "sha256": "0" * 64})
        command = f"plasticity-bench run lab.yaml --seeds {num_seeds} -n {number}"
        store_request(
            results.folder,
            "lab-v0",
            command,
            requested,
            scoring=Scoring("fresh", tasks),
            notes=notes,
        )
        for run in requested:
            if draws.random() < 0.95 and not results.is_finished(run):
                status = "diverged" if draws.random() < 0.05 else "complete"
                results.save(run, rows(draws), {"status": status, "seconds": {"train": 1.0}})
    if draws.random() < 0.5:
        results.pack(many=1)
    return results


def rows(draws):
    for task in range(NUM_TASKS):
        yield Row(task, "start", "chance", 0.1)
        yield Row(task, "start", "dead_rank", 1.0)
        yield Row(task, "start", "fisher_srank99_n16", float(draws.uniform(2, 9)))
        yield Row(task, "start", "norm", float(draws.uniform(1, 2)))
        yield Row(task, "end", "accuracy", float(draws.uniform(0.05, 1)))


def printed(capsys, *arguments):
    capsys.readouterr()
    assert main([str(a) for a in arguments]) in (0, 1)
    return capsys.readouterr()


def by_group(text):
    """(trainability, retention, seeds) by stream and learner, of a CSV table."""
    return {
        (row["stream"], row["learner"]): (
            float(row["trainability"]),
            None if math.isnan(c := float(row["curvature_retention"] or "nan")) else c,
            int(row["num_seeds"]),
        )
        for row in csv.DictReader(io.StringIO(text))
        if int(row["num_seeds"])
    }


SEEDS = [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 6))]


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_all_verbs_show_the_same_scores(tmp_path, seed, capsys, monkeypatch):
    results = random_folder(tmp_path, seed)
    folder = results.folder
    table = printed(capsys, "table", folder, "--format", "csv")
    expected = by_group(table.out)
    line = table.err.splitlines()[0]
    assert line.startswith("Selection: ")
    reference = re.search(r"relative to ([^;.]*)", line).group(1)

    collected = printed(capsys, "collect", folder, "--format", "csv")
    assert collected.out == table.out
    assert line in collected.err

    frame = pb.load_results(folder)
    scores = frame.scores()
    assert by_group(scores.to_csv(index=False)) == expected
    of_seeds = frame.scores(by_seed=True).groupby(["stream", "learner"], observed=True)
    means = of_seeds["trainability"].mean()
    assert {k: pytest.approx(v) for k, v in means.items()} == {
        k: trainability for k, (trainability, _, _) in expected.items()
    }

    assert line in printed(capsys, "report", folder, "--output", tmp_path / "r.html").err
    report = collect(select(results))
    shown = {
        (report["streams"][r["stream"]], report["learners"][r["learner"]]): len(r["seeds"])
        for r in report["scores"]
        if r["stream"] is not None and r["seeds"]
    }
    assert shown == {k: num_seeds for k, (_, _, num_seeds) in expected.items()}
    for row in report["scores"]:
        if row["stream"] is not None and row["seeds"]:
            key = report["streams"][row["stream"]], report["learners"][row["learner"]]
            assert row["trainability"][0] == pytest.approx(expected[key][0], abs=1e-4)
            shown = row["curvature_retention"] and row["curvature_retention"][0]
            assert shown == pytest.approx(expected[key][1], abs=1e-4)

    learners = [name for name in dict.fromkeys(k[1] for k in expected) if name != reference]
    for ours, theirs in pairwise(learners):
        compared = main(["compare", str(folder), ours, theirs])
        assert compared in (0, 2)  # 2: no seed that both have on every stream
        output = capsys.readouterr()
        if compared == 0:
            assert line in output.err
    seeds_of = frame.scores(by_seed=True).set_index(["learner", "stream", "seed"])["trainability"]
    for label in learners:
        sides = [seeds_of[label], seeds_of[reference]]
        streams = [s for s in STREAMS if all(s in side for side in sides)]
        shared = set.intersection(*(set(side[s].index) for side in sides for s in streams))
        for stream, (mean, *_) in differences(capsys, folder, label, reference).items():
            if stream in streams and shared:
                each = [side[stream][sorted(shared)].to_numpy() for side in sides]
                assert mean == pytest.approx(np.nanmean(each[0] - each[1]), abs=6e-3)

    drawn = captured_figures(monkeypatch, tmp_path, folder)
    assert (
        drawn["scatter"]
        == drawn["profile"]
        == {(k.stream, k.learner): len(v) for k, v in drawn["scores"].items() if v}
    )
    assert drawn["scatter"] == {k: num_seeds for k, (_, _, num_seeds) in expected.items()}
    selection = select(results)
    finished = {(run.stream, run.learner, run.seed) for run, _ in selection.stored}
    assert drawn["explain"] == finished
    assert drawn["curves"] == {
        (*group, sum(run[:2] == group for run in finished))
        for group in {run[:2] for run in finished}
    }


def differences(capsys, folder, ours, theirs):
    """By stream, the numbers of a line that `compare` prints."""
    if main(["compare", str(folder), ours, theirs, "--format", "markdown"]) == 2:
        capsys.readouterr()
        return {}
    lines = capsys.readouterr().out.splitlines()[2:]
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if "|" in line]
    return {row[0]: [float(n) for n in re.findall(r"[-+]?\d+\.\d+", row[1])] for row in cells}


def captured_figures(monkeypatch, tmp_path, folder):
    """What each kind of figure is drawn of."""
    drawn = {}

    def scores(kind):
        def draw(given, *_):
            drawn["scores"] = given
            drawn[kind] = {(k.stream, k.learner): len(v) for k, v in given.items() if v}

        return draw

    monkeypatch.setattr(score_scatter, "draw", scores("scatter"))
    monkeypatch.setattr(performance_profiles, "draw", scores("profile"))
    monkeypatch.setattr(
        curve_figure,
        "draw",
        lambda curves, *_: drawn.update(curves={(c.stream, c.learner, c.seeds) for c in curves}),
    )
    monkeypatch.setattr(association_figure, "draw", lambda *_: None)
    explain = associations.explain

    def watched(runs, *arguments, **options):
        drawn["explain"] = {(run.stream, run.learner, run.seed) for run in runs}
        return explain(runs, *arguments, **options)

    monkeypatch.setattr(associations, "explain", watched)
    for kind in ("scatter", "profile", "curves"):
        figure = str(tmp_path / "figure.png")
        assert main(["plot", str(folder), "--kind", kind, "--figure", figure]) == 0
    assert main(["explain", str(folder), "--figure", str(tmp_path / "figure.png")]) == 0
    return drawn


@pytest.mark.parametrize("seed", range(12))
def test_an_entry_is_made_of_the_same_runs(tmp_path, seed):
    results = random_folder(tmp_path, seed)
    selection = select(results)

    class Suite:
        num_seeds = 1
        streams = [type("S", (), {"label": name}) for name in STREAMS]

    for label in selection.learners:
        selected = {(run.stream, run.seed): run.key for run, _ in selection.stored if
                    run.learner == label}  # fmt: skip
        try:
            runs = submission_runs.finished(selection, Suite, label)
        except pb.BadInputError as error:
            assert "are incomplete" in str(error)
            continue
        assert {(run.stream, run.seed): run.key for run, _ in runs} == selected
