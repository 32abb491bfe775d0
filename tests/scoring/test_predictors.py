"""`explain --ahead`: from stored results to the printed ranking; nothing looks into the future."""

import csv
import io
import math

import numpy as np
import pytest

from plasticity_bench import tables
from plasticity_bench.cli import main
from plasticity_bench.results import Results, Row, Run, select, store_request
from plasticity_bench.results.requests import Scoring
from plasticity_bench.scoring.predictor_table import BLOCKS
from plasticity_bench.scoring.predictors import COMPARISONS
from plasticity_bench.scoring.task_histories import histories

NUM_TASKS = 8
LEARNERS = {"fresh": 0.01, "adam": 0.1, "l2": 0.01, "redo": 0.02, "mine": 0.001, "none": None}


def stored(
    folder, series, streams=("a", "b"), learners=LEARNERS, seeds=4, num_tasks=NUM_TASKS, diverged=()
):
    """Results whose numbers are series(stream, learner, seed, task) -> {(when, name): value}."""
    results = Results(folder)
    requested = []
    for stream in streams:
        for label, step_size in learners.items():
            given = {} if step_size is None else {"step_size": step_size}
            identity = {"stream": {"id": stream}, "learner": {"hyperparameters": given, "n": label}}
            runs = Run.of_seeds(stream, label, identity, range(seeds))
            requested += runs
            for run in runs:
                rows = [
                    Row(task, when, name, value)
                    for task in range(num_tasks)
                    for (when, name), value in series(stream, label, run.seed, task).items()
                ]
                status = "diverged" if (label, run.seed) in diverged else "complete"
                results.save(run, rows, {"status": status, "seconds": {"train": 1.0}})
    tasks = {stream: [num_tasks - 1] for stream in streams}
    store_request(folder, "lab-v0", "a command", requested, scoring=Scoring("fresh", tasks))
    return results


def plain(stream, label, seed, task):
    """Measured before even tasks, and update norms at every end."""
    draws = np.random.default_rng([len(stream), *label.encode(), seed, task])
    accuracy = 0.9 if label == "fresh" else 0.2 + 0.6 * draws.random()
    numbers = {("start", "chance"): 0.1, ("end", "accuracy"): accuracy}
    numbers["end", "update_norm"] = draws.random()
    if task % 2 == 0:
        numbers["start", "parameter_norm"] = 10 + task + draws.random()
        numbers["start", "parameter_norm/layer0"] = draws.random()
        numbers["start", "saturated"] = math.nan
    return numbers


def read(folder, ahead=2, learners=tuple(LEARNERS)):
    return histories(select(Results(folder)), list(learners), ahead)


def test_what_is_known_and_what_is_predicted_by_hand(tmp_path):
    accuracy = {
        "fresh": [0.9, 0.5, 0.9, 0.7, 0.9, 0.5],
        "adam": [0.8, 0.4, 0.5, 0.3, 0.1, 0.3],
    }

    def series(stream, label, seed, task):
        numbers = {("start", "chance"): 0.1, ("end", "accuracy"): accuracy[label][task]}
        numbers |= {("start", "norm"): 10.0 + task, ("end", "step"): 20.0 + task}
        return numbers if task != 2 else {k: v for k, v in numbers.items() if k[1] != "norm"}

    learners = {"fresh": 0.01, "adam": 0.1}
    stored(tmp_path, series, ("a",), learners, seeds=1, num_tasks=6)
    found = read(tmp_path, 2, ["fresh", "adam"])
    assert found.learners == ("adam",) and found.seeds == (0,) and found.too_short == ()
    (stream,) = found.streams
    assert stream.tasks.tolist() == [1, 3]  # task 2 was not measured, and 4 has one task after it
    # (0.5 + 0.3 - 0.2) / (0.9 + 0.7 - 0.2), and (0.1 + 0.3 - 0.2) / (0.9 + 0.5 - 0.2)
    assert stream.outcome[0, 0] == pytest.approx([0.6 / 1.4, 0.2 / 1.2])
    known = {name: values[0, 0].tolist() for name, values in stream.predictors.items()}
    assert known == {
        "task number": [1, 3],
        "accuracy of the last task": [0.8, 0.5],
        "trainability of the last task": pytest.approx([0.7 / 0.8, 0.4 / 0.8]),
        "norm": [11, 13],
        "step": [20, 22],  # of the task before
    }
    assert stream.step_sizes.tolist() == [0.1]


def test_a_reference_that_rounding_puts_above_chance_gains_nothing(tmp_path):
    def series(stream, label, seed, task):
        accuracy = float(np.float32(0.14)) if label == "fresh" else 0.05
        return {("start", "chance"): 0.14, ("start", "norm"): 1.0, ("end", "accuracy"): accuracy}

    stored(tmp_path, series, ("a",), {"fresh": 0.01, "adam": 0.1}, seeds=1)
    (stream,) = read(tmp_path, 2, ["fresh", "adam"]).streams
    assert np.isnan(stream.outcome).all()
    assert np.isnan(stream.predictors["trainability of the last task"]).all()


@pytest.mark.parametrize("changed", range(NUM_TASKS))
def test_predictors_see_the_past_only_and_outcomes_the_future_only(tmp_path, changed):
    """What happens in task j changes what is known before later tasks, and outcomes of earlier."""

    def series(stream, label, seed, task):
        numbers = plain(stream, label, seed, task)
        factor = 0.7 if task == changed else 1
        return {key: value * factor for key, value in numbers.items()}

    stored(tmp_path / "one", plain, ("a",))
    stored(tmp_path / "other", series, ("a",))
    (one,), (other,) = read(tmp_path / "one").streams, read(tmp_path / "other").streams
    assert one.tasks.tolist() == [2, 4]
    for at, k in enumerate(one.tasks):
        same = np.array_equal(one.outcome[..., at], other.outcome[..., at])
        assert same == (not k + 1 <= changed <= k + 2)
        for name, values in one.predictors.items():
            unchanged = np.array_equal(
                values[..., at], other.predictors[name][..., at], equal_nan=True
            )
            if changed > k:
                assert unchanged, name
            if changed == k:  # only what was measured at its start
                assert unchanged == ("parameter_norm" not in name), name
            if changed == k - 1:
                assert unchanged == (
                    name not in ("accuracy of the last task", "trainability of the last task")
                    and name != "update_norm"
                ), name


def test_a_diverged_run_counts_as_a_dead_network_and_predicts_nothing_afterwards(tmp_path):
    def series(stream, label, seed, task):
        numbers = plain(stream, label, seed, task)
        if (label, seed) == ("adam", 1) and task >= 4:
            return {k: (v if k[1] == "chance" else math.nan) for k, v in numbers.items()}
        return numbers

    stored(tmp_path, series, ("a",), diverged=[("adam", 1)])
    (stream,) = read(tmp_path, 1).streams
    assert stream.tasks.tolist() == [2, 4, 6]
    assert stream.outcome[0, 1, 1:].tolist() == [0, 0]
    assert stream.outcome[0, 1, 0] > 0  # task 3
    assert np.isfinite(stream.outcome).all()
    for name in ("task number", "accuracy of the last task", "parameter_norm", "update_norm"):
        assert np.isfinite(stream.predictors[name][0, 1]).tolist() == [
            True,
            name != "parameter_norm",  # it diverged in task 4, and was measured as NaN before
            False,
        ]


def test_a_reference_that_diverged_is_no_control(tmp_path):
    def series(stream, label, seed, task):
        numbers = plain(stream, label, seed, task)
        if (label, seed) == ("fresh", 1) and task >= 6:
            numbers["end", "accuracy"] = math.nan
        return numbers

    stored(tmp_path, series, ("a",), diverged=[("fresh", 1)])
    (stream,) = read(tmp_path).streams
    assert stream.tasks.tolist() == [2, 4]
    assert np.isnan(stream.outcome).tolist() == [[[False, i == 1] for i in range(4)]] * 5


def test_without_the_reference_there_is_no_outcome(tmp_path):
    def series(stream, label, seed, task):
        numbers = plain(stream, label, seed, task)
        if label == "fresh" and seed == 0:
            numbers["end", "accuracy"] = 0.1  # it gains nothing
        return numbers

    stored(tmp_path, series)
    for stream in read(tmp_path).streams:
        assert np.isnan(stream.outcome[:, 0]).all()
        assert np.isfinite(stream.outcome[:, 1:]).all()


# ---- the command --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    stored(folder, plain)
    return folder


def printed(capsys, *arguments, code=0):
    capsys.readouterr()
    assert main([str(a) for a in arguments]) == code
    return capsys.readouterr()


def test_one_command_prints_the_ranking(folder, capsys):
    out, err = printed(capsys, "explain", folder, "--ahead", 2)
    rows = [line for line in out.splitlines() if line.startswith("parameter_norm *")]
    assert len(rows) == 4
    for name in ("task number *", "accuracy of the last task *", "update_norm ", "saturated "):
        assert out.count(f"\n{name}") == 4
    assert "layer0" not in out
    assert "Outcome: trainability on tasks k + 1 to k + 2. 95 % intervals over 5 learners." in out
    assert "n/a: saturated never has a value where there is an outcome (within runs; " in out
    assert "task number is the same for all that are compared (between seeds; " in out
    assert "the step size is held fixed, having none (1 of 5 learners): none." in err
    assert "Intervals from 4 seeds are unreliable" in err
    assert "Intervals over 5 learners are too narrow: use at least 10." in err
    assert not (folder / "explanations.png").exists()


def test_csv_has_every_number_or_the_reason_why_there_is_none(folder, capsys):
    text = printed(capsys, "explain", folder, "--ahead", 1, "--layers", "--format", "csv").out
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["comparison"] for row in rows} == {c.name for c in COMPARISONS}
    names = {row["predictor"] for row in rows}
    assert len(rows) == len(names) * len(COMPARISONS) and "parameter_norm/layer0" in names
    assert all((row["value"] == "nan") == (row["reason"] != "") for row in rows)
    kinds = {row["predictor"]: row["kind"] for row in rows}
    assert kinds["update_norm"] == "measurement" and kinds["task number"] == "baseline"
    held_out = [row for row in rows if row["comparison"] == "R2, held-out learners"]
    values = [float(row["value"]) for row in held_out if row["value"] != "nan"]
    assert values == sorted(values, reverse=True) and len(values) == len(held_out) - 1
    assert all(int(row["points"]) == 2 * 5 * 4 * 3 for row in held_out if row["value"] != "nan")


@pytest.mark.parametrize(
    ("format_name", "mark"), [("markdown", "| known before task k "), ("latex", r"\toprule")]
)
def test_for_papers(folder, capsys, format_name, mark):
    out = printed(capsys, "explain", folder, "--ahead", 2, "--format", format_name).out
    assert out.count(mark) == 4
    if format_name == "latex":
        outside = [line for line in out.split("\n") if line and line[0] not in "\\% "]
        assert all("&" in line for line in outside)


def test_learners_can_be_chosen(folder, capsys):
    out, err = printed(capsys, "explain", folder, "--ahead", 2, "--learner", "adam")
    assert "One learner beside the reference" in err
    assert "n/a: everything else needs three learners with outcomes that differ" in out


def test_every_column_fits_a_terminal(folder, capsys, monkeypatch):
    monkeypatch.setattr(tables, "terminal_width", lambda: 80)
    out = printed(capsys, "explain", folder, "--ahead", 2).out
    for line in "\n".join(name for _, columns in BLOCKS for name in columns).splitlines():
        assert line in out
    table = out.partition("Outcome:")[0]
    rows = [line for line in table.splitlines() if not line.endswith(":")]
    assert "left out" not in table and max(map(len, rows)) <= 80


def test_equal_step_sizes_are_told(tmp_path, capsys):
    stored(tmp_path, plain, learners={"fresh": 0.1, "adam": 0.1, "l2": 0.1})
    err = printed(capsys, "explain", tmp_path, "--ahead", 2).err
    assert "All learners have the same step size: holding it fixed takes nothing away." in err


def test_streams_that_are_too_short_are_left_out(tmp_path, capsys):
    def series(stream, label, seed, task):
        return plain(stream, label, seed, task) if stream == "a" or task < 3 else {}

    stored(tmp_path, series)
    err = printed(capsys, "explain", tmp_path, "--ahead", 2).err
    assert "Left out, having too few tasks: b." in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--ahead", "7"], "no stream here has more than 6 others"),
        (["--ahead", "0"], "a whole number from 1"),
        (["--ahead", "two"], "a whole number from 1"),
        (["--ahead", "2", "--learner", "fresh"], "no other learner has finished runs here"),
        (["--ahead", "2", "--learner", "adm"], "have no learner 'adm'"),
        (["--ahead", "2", "--reference", "frsh"], "no results of the reference 'frsh'"),
        (["--ahead", "2", "--figure", "f.png"], "--figure draws correlations with the same task"),
    ],
)
def test_bad_input_is_told_in_a_sentence(folder, capsys, arguments, message):
    capsys.readouterr()
    try:
        code = main(["explain", str(folder), *arguments])
    except SystemExit as error:  # of argparse
        code = error.code
    out, err = capsys.readouterr()
    assert code == 2 and message in err and "Traceback" not in err and not out


def test_nothing_measured_and_nothing_to_predict_are_told(tmp_path, capsys):
    def unmeasured(stream, label, seed, task):
        return {k: v for k, v in plain(stream, label, seed, task).items() if k[1] in needed}

    def dead(stream, label, seed, task):
        return {**plain(stream, label, seed, task), ("end", "accuracy"): 0.1}

    needed = ("chance", "accuracy")
    stored(tmp_path / "one", unmeasured)
    err = printed(capsys, "explain", tmp_path / "one", "--ahead", 2, code=2).err
    assert "holds nothing that was measured at a task's start" in err
    stored(tmp_path / "other", dead)
    err = printed(capsys, "explain", tmp_path / "other", "--ahead", 2, code=2).err
    assert "There is nothing to predict: trainability is not defined on any stream" in err
