"""explain: the rank correlation against scipy, worlds whose answer is known, and the command."""

import csv
import io
import sys

import pytest
from scipy import stats

import plasticity_bench as pb
from plasticity_bench.cli import main
from plasticity_bench.figures import associations as associations_figure
from plasticity_bench.results import Results, Row, Run
from plasticity_bench.scoring import association_table, associations
from plasticity_bench.scoring.associations import RunSeries, explain

SUITE = """\
suite: test/tiny-v0
streams:
  - id: plasticity/RandomLabelDigits-v0
    num_tasks: 6
    updates_per_task: 10
    num_examples: 40
    network: {hidden: [8]}
learners:
  - {name: fresh, step_size: 3e-2}
  - {name: adam, step_size: 3e-2}
  - {name: l2, step_size: 3e-2}
seeds: 2
measure:
  curvature: {every: 1, examples: 16}
  every: 1
  examples: 16
  diagnostics: [parameter_norm, update_norm, saturated_units]
"""


def world(value, accuracy, streams=("a", "b", "c"), learners=("fresh", "x", "y", "z"), seeds=3):
    """Runs of 10 tasks; both functions of (stream, learner, seed, task), streams and learners by
    their place."""
    runs = []
    for s, stream in enumerate(streams):
        for place, learner in enumerate(learners):
            for seed in range(seeds):
                tasks = range(1, 10)
                series = {t: float(value(s, place, seed, t)) for t in tasks}
                learnt = {t: float(accuracy(s, place, seed, t)) for t in tasks}
                runs.append(RunSeries(stream, learner, "", seed, learnt, {"m": series}))
    return runs


def test_a_measurement_that_follows_time_explains_within_runs_only():
    (found,) = explain(world(lambda s, k, i, t: -t, lambda s, k, i, t: t), "fresh")
    assert found.within.mean == found.within.low == found.within.high == -1
    assert found.learners is None and found.streams is None  # the accuracy is the same for all
    assert found.signs == "---" and found.num_holds == 3


def test_a_measurement_that_ranks_learners_explains_across_learners_only():
    (found,) = explain(world(lambda s, k, i, t: k, lambda s, k, i, t: 10 * k + (t % 2)), "fresh")
    assert found.within.mean == 0
    assert found.learners.mean == 1
    assert found.streams is None
    assert found.signs == "000" and found.num_holds == 0


def test_a_measurement_can_hold_on_one_stream_and_fail_on_another():
    signs = (1, -1, 0)
    (found,) = explain(world(lambda s, k, i, t: signs[s] * t, lambda s, k, i, t: t - s), "fresh")
    assert found.signs == "+-0" and found.num_holds == 1
    assert found.within.mean == 0
    expected = stats.spearmanr(signs, [0, -1, -2]).statistic  # of each task, over the streams
    assert found.streams.mean == pytest.approx(expected)


def test_the_interval_is_over_seeds():
    """One seed of three goes the other way."""
    (found,) = explain(world(lambda s, k, i, t: t if i else -t, lambda s, k, i, t: t), "fresh")
    assert found.within.mean == pytest.approx(1 / 3)
    half = stats.t.ppf(0.975, 2) * 2 / 3  # the standard deviation is 2 / sqrt(3)
    assert (found.within.low, found.within.high) == pytest.approx((1 / 3 - half, 1 / 3 + half))
    assert found.signs == "000"


def test_the_reference_is_left_out_within_runs():
    runs = world(lambda s, k, i, t: t, lambda s, k, i, t: -t if k == 0 else t)
    assert explain(runs, "fresh")[0].within.mean == 1
    assert explain(runs, "nobody")[0].within.mean == pytest.approx(0.5)


def test_single_layers_are_told_of_when_asked():
    runs = world(lambda s, k, i, t: t, lambda s, k, i, t: t)
    runs = [
        RunSeries(**{**vars(r), "predictors": {"m": r.predictors["m"], "m/first": {}}})
        for r in runs
    ]
    assert [e.name for e in explain(runs, "fresh")] == ["m"]
    assert [e.name for e in explain(runs, "fresh", layers=True)] == ["m", "m/first"]
    shown = association_table.render(explain(runs, "fresh", layers=True), "markdown")
    assert "n/a" in shown and "... " in shown


def test_a_number_of_a_tasks_end_predicts_the_next_task(tmp_path):
    results = Results(tmp_path)
    rows = [Row(0, "start", "chance", 0.1)]
    for task in range(3):
        rows += [
            Row(task, "start", "norm", 10.0 + task),
            Row(task, "end", "norm", 99.0),
            Row(task, "end", "step", 20.0 + task),
            Row(task, "end", "accuracy", task / 10),
        ]
    results.save(Run("s", "adam", 0, {"seed": 0}), rows, {"status": "complete"})
    (run,) = associations.runs_of(results.stored())
    assert run.predictors == {"norm": {1: 11.0, 2: 12.0}, "step": {1: 20.0, 2: 21.0, 3: 22.0}}
    assert run.accuracy == {0: 0.0, 1: 0.1, 2: 0.2}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.yaml").write_text(SUITE)
    return tmp_path


@pytest.mark.slow
def test_the_command_prints_a_table_and_draws_a_figure(folder, capsys):
    pytest.importorskip("matplotlib")
    assert main(["run", "tiny.yaml", "--jobs", "1"]) == 0
    capsys.readouterr()
    (results,) = (folder / "results").iterdir()
    assert main(["explain", str(results)]) == 0
    out, err = capsys.readouterr()
    for name in ("parameter_norm", "task_update_norm", "fisher_srank99_n16"):
        assert f"\n{name} " in out
    assert "in the order RandomLabelDigits-v0." in out
    assert "Intervals from 2 seeds are unreliable" in err
    assert (results / "explanations.png").read_bytes().startswith(b"\x89PNG")

    assert main(["explain", str(results), "--format", "csv", "--figure", "here.svg"]) == 0
    # In the style of figures, in which text stays text.
    assert "<text" in (folder / "here.svg").read_text()
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {row["comparison"] for row in rows} == {
        "within runs",
        "across learners",
        "across streams",
    }
    saturated = [row for row in rows if row["measurement"] == "saturated_tanh0.9_n16"]
    assert {row["mean"] for row in saturated} == {"nan"}  # a network of ReLUs
    assert (folder / "here.svg").exists()

    sys.modules["matplotlib"], kept = None, sys.modules["matplotlib"]
    figure, sys.modules["matplotlib.figure"] = sys.modules["matplotlib.figure"], None
    try:
        assert main(["explain", str(results)]) == 2
    finally:
        sys.modules["matplotlib"], sys.modules["matplotlib.figure"] = kept, figure
    out, err = capsys.readouterr()
    assert "parameter_norm" in out  # the table comes all the same
    assert "The figure needs matplotlib: pip install 'plasticity-bench[plot]'." in err


def test_bad_input_is_told_in_a_sentence(folder, capsys):
    assert main(["explain", "nowhere"]) == 2
    assert "nowhere holds no finished results. Give the folder that" in capsys.readouterr().err
    assert main(["explain", "nowhere", "--figure", "f.gif"]) == 2
    assert "--figure f.gif: a figure's file ends in .png, .svg, .pdf." in capsys.readouterr().err


def test_nothing_to_draw_is_told_in_a_sentence(tmp_path):
    pytest.importorskip("matplotlib")
    table = explain(world(lambda s, k, i, t: t, lambda s, k, i, t: 1), "fresh")
    with pytest.raises(pb.BadInputError, match="nothing to draw: accuracy varies nowhere"):
        associations_figure.draw(table, tmp_path / "figure.png")
