"""The search: seeds, rounds, costs and choices, on results whose scores are known beforehand."""

import itertools
import json
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

import plasticity_bench as pb
from plasticity_bench import seeding
from plasticity_bench.figures import sensitivity
from plasticity_bench.results import Results, Row
from plasticity_bench.suite.contenders import with_learners
from plasticity_bench.suite.loading import load_suite
from plasticity_bench.suite.planning import plan
from plasticity_bench.tuning import configuring, report, writing
from plasticity_bench.tuning.budget import expected_best
from plasticity_bench.tuning.record import read_record
from plasticity_bench.tuning.search import Search, together

SUITE = """\
suite: test/tiny-v0
streams:
  - {label: one, id: plasticity/RandomLabelDigits-v0, num_tasks: 20, updates_per_task: 3,
     num_examples: 40, network: {hidden: [8]}}
  - {label: two, id: plasticity/PermutedPixelDigits-v0, num_tasks: 40, updates_per_task: 2,
     num_examples: 40, network: {hidden: [8]}}
learners:
  - {name: fresh, step_size: 0.0123}
  - {name: adam, step_size: 0.0123}
  - {name: redo, step_size: 0.0123, streams: {two: {threshold: 0.5}}}
seeds: 2
tuning: {settings: 8, seeds: 3}
measure: {curvature: {every: 5, examples: 16}}
"""


def suite_of(tmp_path, text=SUITE):
    (tmp_path / "tiny.yaml").write_text(text)
    return load_suite(str(tmp_path / "tiny.yaml"))


def accuracy(run, stream, learner):
    """The accuracy of a made-up run: best near a step size that differs from stream to stream."""
    noise = np.random.default_rng(int(run.key[:8], 16)).normal(0, 0.02)
    best = {"one": -4.0, "two": -3.0}[run.stream]
    far = abs(np.log10(learner.step_size) - best)
    short = 0.1 * (stream.num_tasks < 10)
    return float(np.clip(0.9 - 0.2 * far + short + noise, 0, 1))


class Made:
    """Stores results that were not computed, in place of running groups; counts updates."""

    def __init__(self, results, value=accuracy, diverges=lambda run: False):
        self.results, self.value, self.diverges = results, value, diverges
        self.updates, self.rounds, self.runs = 0, [], []

    def __call__(self, suite, groups):
        self.rounds.append([run for group in groups for run in group.runs])
        for group in groups:
            self.updates += len(group.runs) * group.suite_stream.stream.num_updates
            for run, learner in zip(group.runs, group.learners, strict=True):
                self.runs.append(run)
                self.store(group, run, learner)

    def store(self, group, run, learner):
        value = self.value(run, group.suite_stream.stream, learner)
        if value is None:
            return
        rows = []
        num_tasks = group.suite_stream.stream.num_tasks
        for task in range(num_tasks):
            later = 0.1 * (task / num_tasks - (num_tasks - 1) / 2 / num_tasks)  # its mean is zero
            end = value + later if 0.1 < value < 1 else value
            rows += [Row(task, "start", "chance", 0.1), Row(task, "end", "accuracy", end)]
            rows += [Row(task, "start", "dead_rank", 1.0)]
            rows += [Row(task, "start", group.protocol.curvature_name, 2 + value)]
        status = "diverged" if self.diverges(run) else "complete"
        info = {"status": status, "seconds": {"train": 1.0, "measure": 0.0}}
        self.results.save(run, rows, info)


def searched(tmp_path, suite=None, contenders=None, **how):
    suite = suite or suite_of(tmp_path)
    search = Search(suite, contenders or suite.contenders)
    made = Made(Results(tmp_path / "tuning"), **how)
    return search, made, search.run(made.results, made)


def stored(folder):
    """Every stored run's mean accuracy, read without the package."""
    for file in folder.rglob("cell.json"):
        info = json.loads(file.read_text())
        table = pq.read_table(file.parent / "measurements.parquet").to_pandas()
        rows = table[(table["name"] == "accuracy") & (table["when"] == "end")].sort_values("task")
        values = rows["value"].to_numpy()
        last = values.mean()
        given = info["identity"]["learner"]["hyperparameters"]
        yield info["identity"]["learner"]["class"], info["stream"], info["seed"], given, last


# ---- seeds and what is tried --------------------------------------------------------------------


def test_tuning_seeds_are_never_scored(tmp_path):
    suite = suite_of(tmp_path)
    _, made, _ = searched(tmp_path, suite)
    assert {run.seed for run in made.runs} == {1000, 1001, 1002}
    scored = plan(suite, suite.contenders, range(suite.num_seeds))
    assert not {run.key for group in scored for run in group.runs} & {run.key for run in made.runs}
    with pytest.raises(pb.BadInputError, match="less than or equal to 1000, not 1001"):
        suite_of(tmp_path, SUITE.replace("seeds: 2", "seeds: 1001"))
    assert seeding.TUNING == 1000


def test_every_learner_has_the_same_budget_and_it_is_what_is_run(tmp_path):
    search, made, found = searched(tmp_path)
    updates = 8 * 3 * (10 * 3 + 10 * 2)
    assert [one.updates for one in found] == [updates] * 3
    assert made.updates == 3 * updates
    assert len(made.rounds) == 1
    assert len({run.key for run in made.runs}) == len(made.runs) == 3 * 8 * 3 * 2
    assert search.rungs[0].tasks == 10


def test_no_task_is_tried_that_is_scored(tmp_path):
    search, made, _ = searched(
        tmp_path, suite_of(tmp_path, SUITE.replace("seeds: 3}", "seeds: 3, tasks: 99}"))
    )
    assert [one.stream.num_tasks for one in search.streams] == [18, 36]
    tried = {run.stream: run.identity["stream"]["parameters"]["num_tasks"] for run in made.runs}
    for one in search.suite.streams:
        assert tried[one.label] == min(one.stream.scored_tasks())
    single = SUITE.replace("num_tasks: 20", "num_tasks: 1")
    with pytest.raises(pb.BadInputError, match="Stream one has no task before the first that is"):
        searched(tmp_path, suite_of(tmp_path, single))


def test_tuning_changes_neither_what_is_comparable_nor_what_is_scored(tmp_path):
    plain = suite_of(tmp_path, SUITE.replace("tuning: {settings: 8, seeds: 3}\n", ""))
    tuned = suite_of(tmp_path, SUITE.replace("seeds: 3}", "seeds: 3, tasks: 7, search: grid}"))
    assert plain.hash8 == tuned.hash8
    assert plain.tuning.settings == 16


def test_populations_hold_many_settings_that_differ_in_numbers_only(tmp_path):
    suite = suite_of(tmp_path)
    groups = []
    Search(suite, suite.contenders).run(
        Results(tmp_path), lambda _, planned: groups.extend(planned)
    )
    by_learner = {}
    for group in groups:
        by_learner.setdefault((group.label, group.suite_stream.label), []).append(group)
        wholes = {
            tuple(v for v in learner.hyperparameters().values() if not isinstance(v, float))
            for learner in group.learners
        }
        assert len(wholes) == 1
        replicas = [pb.Replica(*pair) for pair in zip(range(2), group.learners[::3], strict=False)]
        pb.Population(replicas, group.suite_stream.network)
    assert {key: len(own) for key, own in by_learner.items()} == {
        ("fresh", "one"): 1,
        ("fresh", "two"): 1,
        ("adam", "one"): 1,
        ("adam", "two"): 1,
        ("redo", "one"): 3,  # one for each period
        ("redo", "two"): 3,
    }
    assert together(groups) == groups


def test_what_is_not_searched_stays_as_the_suite_has_it(tmp_path):
    text = SUITE.replace("step_size: 0.0123, streams", "epsilon: 1e-3, streams")
    suite = suite_of(tmp_path, text)
    _, made, _ = searched(tmp_path, suite)
    redo = [
        run.identity["learner"]["hyperparameters"] for run in made.runs if "redo" in run.learner
    ]
    assert {h["epsilon"] for h in redo} == {1e-3}
    assert {h["threshold"] for h in redo} == {0.0, 0.01, 0.1}  # searched: nowhere 0.5


def test_the_first_part_of_a_stream_is_the_first_part():
    for name in pb.registered_streams():
        if "Digits" not in name and "Regression" not in name:
            continue
        stream = pb.make_stream(name)
        number = min(3, stream.num_tasks)
        first = stream.first(number)
        assert first.num_tasks == number
        assert set(first.scored_tasks()) <= set(range(number))
        for index in range(number):
            pairs = zip(first.task(7, index).arrays(), stream.task(7, index).arrays(), strict=True)
            assert all(np.array_equal(a, b) for a, b in pairs if a is not None or b is not None)
            assert np.array_equal(first.batches(7, index), stream.batches(7, index))
        assert stream.first(10**6) == stream


# ---- choices ------------------------------------------------------------------------------------


def test_the_choice_is_that_of_brute_force_over_stored_runs(tmp_path):
    _, _, found = searched(tmp_path)
    runs = list(stored(tmp_path / "tuning"))
    # The reference: the step size whose accuracy, over seeds and streams, is highest.
    steps = sorted({given["step_size"] for name, *_, given, _ in runs if name == "Fresh"})

    def mean(name, step, value):
        own = [value(*run) for run in runs if run[0] == name and run[3]["step_size"] == step]
        assert len(own) == 6
        return sum(own) / 6

    fresh = max(steps, key=lambda step: mean("Fresh", step, lambda *run: run[4]))
    assert found[0].setting == {"step_size": fresh}
    reference = {
        (s, i): a for n, s, i, given, a in runs if (n, given["step_size"]) == ("Fresh", fresh)
    }

    def score(name, stream, seed, given, last):
        return (last - 0.1) / (reference[stream, seed] - 0.1)

    adam = max(steps, key=lambda step: mean("Adam", step, score))
    assert found[1].setting == {"step_size": adam}
    for trial in found[1].trials:
        assert trial.score() == pytest.approx(mean("Adam", trial.setting["step_size"], score))


def test_settings_for_each_stream(tmp_path):
    suite = suite_of(tmp_path, SUITE.replace("seeds: 3}", "seeds: 3, per_stream: true}"))
    _, _, found = searched(tmp_path, suite)
    runs = list(stored(tmp_path / "tuning"))
    fresh = found[0]
    for stream in ("one", "two"):
        own = {}
        for name, where, _, given, last in runs:
            if (name, where) == ("Fresh", stream):
                own.setdefault(given["step_size"], []).append(last)
        best = max(own, key=lambda step: np.mean(own[step]))
        assert fresh.by_stream[stream] == {"step_size": best}
    assert fresh.setting == {}
    assert fresh.by_stream["one"] != fresh.by_stream["two"]
    tuned = configuring.chosen_for(suite.contenders[0], {}, fresh.by_stream)
    assert tuned.on("two").learner.step_size == fresh.by_stream["two"]["step_size"]
    assert tuned.learner.step_size == 0.0123


def test_successive_halving_keeps_the_best_and_costs_what_it_says(tmp_path):
    text = SUITE.replace(
        "settings: 8, seeds: 3", "search: halving, settings: 8, seeds: 3, tasks: 36"
    )
    search, made, found = searched(tmp_path, suite_of(tmp_path, text))
    assert [(r.tasks, r.settings) for r in search.rungs] == [(9, 8), (18, 4), (36, 2)]
    # Stream one has 18 tasks of 3 updates that are not scored, stream two 36 of 2.
    per_setting = [9 * 5, 18 * 5, 36 * 2]  # in the last, stream one is found finished
    updates = 3 * sum(n * u for n, u in zip([8, 4, 2], per_setting, strict=True))
    assert [one.updates for one in found] == [updates] * 3
    counted = {run.key: run.identity["stream"]["parameters"] for run in made.runs}
    assert sum(p["num_tasks"] * p["updates_per_task"] for p in counted.values()) == 3 * updates
    for one in found:
        tasks = sorted((max(t.tasks.values()) for t in one.trials), reverse=True)
        assert tasks == [36, 36, 18, 18, 9, 9, 9, 9]
        best = max((t for t in one.trials if max(t.tasks.values()) == 36), key=lambda t: t.score())
        assert one.setting == best.setting
    # Of the reference, those that go on are the best of the round by its own stored runs.
    fresh = found[0]
    rounds = {rung.tasks: {} for rung in search.rungs}
    for rung, runs in zip(search.rungs, made.rounds, strict=True):
        for run in (run for run in runs if run.identity["learner"]["class"] == "Fresh"):
            value = np.mean(list(made.results.load(run).series("accuracy", "end").values()))
            step = run.identity["learner"]["hyperparameters"]["step_size"]
            rounds[rung.tasks].setdefault(step, []).append(value)
    for before, after in ((9, 18), (18, 36)):
        means = {step: np.mean(values) for step, values in rounds[before].items()}
        assert set(rounds[after]) == set(sorted(means, key=means.get)[-len(rounds[after]) :])
    assert fresh.setting["step_size"] in rounds[36]


def test_equals_are_decided_by_the_order_and_divergence_scores_zero(tmp_path):
    def diverges(run):
        return run.identity["learner"]["hyperparameters"]["step_size"] > 1e-3

    _, _, found = searched(tmp_path, value=lambda *_: 0.5, diverges=diverges)
    for one in found:
        first = next(t for t in one.trials if t.setting["step_size"] <= 1e-3)
        assert one.setting == first.setting
        for trial in one.trials:
            wild = trial.setting["step_size"] > 1e-3
            assert (trial.num_diverged, trial.score() == 0) == (6 * wild, wild)


def test_a_setting_without_all_its_runs_is_not_chosen(tmp_path):
    def broken(run, stream, learner):
        fails = type(learner).__name__ == "Adam" and learner.step_size > 5e-5
        return None if fails and run.seed == 1001 else accuracy(run, stream, learner)

    search, _, found = searched(tmp_path, value=broken)
    adam = found[1]
    assert adam.setting["step_size"] <= 5e-5
    assert adam.known
    _, _, nothing = searched(tmp_path / "b", search.suite, value=lambda *_: None)
    assert not any(one.known for one in nothing)
    assert writing.write(search, nothing, tmp_path / "none.yaml").learners == {}


def test_what_has_no_result_in_the_last_round_is_not_chosen(tmp_path):
    text = SUITE.replace(
        "settings: 8, seeds: 3", "search: halving, settings: 8, seeds: 3, tasks: 36"
    )

    def late(run, stream, learner):
        fails = type(learner).__name__ == "Adam" and stream.num_tasks == 36
        return None if fails else accuracy(run, stream, learner)

    search, _, found = searched(tmp_path, suite_of(tmp_path, text), value=late)
    assert [one.known for one in found] == [True, False, True]
    assert list(writing.write(search, found, tmp_path / "t.yaml").learners) == ["fresh", "redo"]


def test_a_stream_without_results_stays_as_the_suite_has_it(tmp_path):
    suite = suite_of(tmp_path, SUITE.replace("seeds: 3}", "seeds: 3, per_stream: true}"))

    def partly(run, stream, learner):
        fails = type(learner).__name__ == "Adam" and run.stream == "two"
        return None if fails else accuracy(run, stream, learner)

    search, _, found = searched(tmp_path, suite, value=partly)
    assert [list(one.by_stream) for one in found] == [["one", "two"], ["one"], ["one", "two"]]
    writing.write(search, found, tmp_path / "t.yaml")
    _, adam, _ = read_record(tmp_path / "t.yaml").applied(suite.contenders)
    assert adam.on("one").learner.step_size == found[1].by_stream["one"]["step_size"]
    assert adam.on("two").learner.step_size == 0.0123


def test_a_stream_that_tells_nothing_is_left_out(tmp_path):
    def value(run, stream, learner):
        return 0.1 if run.stream == "two" else accuracy(run, stream, learner)

    _, _, found = searched(tmp_path, value=value)
    for trial in found[1].trials:
        assert trial.score() == pytest.approx(trial.score("one"))
        assert np.isnan(trial.score("two"))
    assert trial.interval is not None


def test_the_reference_stays_as_it_is_unless_it_is_tuned(tmp_path):
    suite = suite_of(tmp_path)
    mine = with_learners(suite.contenders, ["l2"], {})
    _, made, found = searched(tmp_path, suite, mine)
    assert [one.label for one in found] == ["l2"]
    fresh = {
        run.identity["learner"]["hyperparameters"]["step_size"]
        for run in made.runs
        if run.learner == "fresh"
    }
    assert fresh == {0.0123}


def test_selection_by_retention(tmp_path):
    suite = suite_of(tmp_path, SUITE.replace("seeds: 3}", "seeds: 3, select: retention}"))

    def value(run, stream, learner):
        return 0.5 if type(learner).__name__ == "Fresh" else 0.5 * accuracy(run, stream, learner)

    _, made, found = searched(tmp_path, suite, value=value)
    trial = found[1].trials[0]
    (run,) = (
        run
        for run in made.runs
        if (run.stream, run.seed) == ("one", 1000)
        and run.learner == f"adam step_size={trial.setting['step_size']}"
    )
    (rank,) = set(made.results.load(run).series("fisher_srank99_n16", "start").values())
    assert trial.scores["one"][0] == pytest.approx((rank - 1) / (2.5 - 1))


# ---- the record ---------------------------------------------------------------------------------


@pytest.fixture
def written(tmp_path):
    search, _, found = searched(tmp_path)
    path = tmp_path / "tuning.yaml"
    return search, found, writing.write(search, found, path), path


def test_the_record_holds_the_whole_search_and_is_read_as_it_was_written(written):
    search, found, made, path = written
    assert read_record(path).record == made
    assert made.suite == f"test/tiny-v0@{search.suite.hash8}"
    assert made.tuning.seeds == [1000, 1001, 1002]
    for one in found:
        kept = made.learners[one.label]
        assert kept.chosen == one.setting
        assert [t.setting for t in kept.tried] == [t.setting for t in one.trials]
        best = max(kept.tried, key=lambda t: t.score)
        assert best.setting == kept.chosen
        assert best.interval[0] <= best.score <= best.interval[1]
    lines = path.read_text().splitlines()
    assert len([line for line in lines if line.startswith("      - {setting: ")]) == 24
    assert report.table(made).count("step_size=") == 9


def test_a_record_that_says_the_same_stays_the_file_that_results_name(written, monkeypatch):
    search, found, made, path = written
    before = path.read_bytes()
    monkeypatch.setattr(writing, "environment", lambda: {"git": {"dirty": True}})
    assert writing.write(search, found, path) == made
    assert path.read_bytes() == before
    writing.write(search, found[1:], path)
    assert list(read_record(path).record.learners) == ["adam", "redo"]
    assert read_record(path).record.environment == {"git": {"dirty": True}}
    path.write_text("suite: [")
    writing.write(search, found, path)
    assert list(read_record(path).record.learners) == ["fresh", "adam", "redo"]


def test_what_was_chosen_is_applied_by_label_and_class(written):
    search, found, _, path = written
    tuned = read_record(path)
    contenders = tuned.applied(
        (*search.suite.contenders, *with_learners(search.suite.contenders, ["l2"], {}))
    )
    for one, contender in zip(found, contenders[:3], strict=True):
        for stream in ("one", "two"):
            settings = contender.on(stream).learner.hyperparameters()
            assert {name: settings[name] for name in one.setting} == one.setting
    assert contenders[3].learner.step_size == 1e-3  # it was not tuned
    other = replace(search.suite.contenders[1], label="redo")
    with pytest.raises(pb.BadInputError, match="was tuned as a ReDo, but is a Adam here"):
        tuned.applied([other])


def test_the_suites_block_gives_the_tuned_learners(written, tmp_path):
    search, _, _, path = written
    tuned = read_record(path).applied(search.suite.contenders)
    block = writing.as_yaml(configuring.learners_block(search.suite, tuned))
    before, _, after = SUITE.partition("learners:")
    text = before + block + "\nseeds" + after.partition("\nseeds")[2]
    again = suite_of(tmp_path, text)
    for ours, theirs in zip(again.contenders, tuned, strict=True):
        assert ours.label == theirs.label
        for stream in ("one", "two"):
            mine, other = ours.on(stream).learner, theirs.on(stream).learner
            assert mine.hyperparameters() == other.hyperparameters()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("suite: x\n", "is not a file that `plasticity-bench tune` has written"),
        ("- 1\n", "is not a file that `plasticity-bench tune` has written"),
        ("a: [\n", "not valid YAML"),
    ],
)
def test_a_file_that_is_no_record(tmp_path, text, sentence):
    (tmp_path / "wrong.yaml").write_text(text)
    with pytest.raises(pb.BadInputError, match=sentence):
        read_record(tmp_path / "wrong.yaml")
    with pytest.raises(pb.BadInputError, match="Cannot read"):
        read_record(tmp_path)


def test_the_figure_shows_every_setting_and_its_interval(written, tmp_path):
    _, found, made, _ = written
    learner = made.learners["redo"]
    for name in ("step_size", "threshold", "period"):
        points = sensitivity.points(learner, name)
        assert list(points) == sorted({t.setting[name] for t in found[2].trials})
        assert sum(map(len, points.values())) == 8
    sensitivity.draw(made, tmp_path / "all.png")
    sensitivity.draw(made, tmp_path / "one.svg", ["redo"])
    text = (tmp_path / "one.svg").read_text()
    assert text.count("<!-- period -->") == text.count("<!-- step_size -->") == 1
    with pytest.raises(pb.BadInputError, match="no learner 'rdo' in this search"):
        sensitivity.draw(made, tmp_path / "x.png", ["rdo"])


def test_what_a_budget_is_expected_to_find_is_the_mean_over_all_subsets():
    scores = np.random.default_rng(0).normal(size=7).tolist()
    for number in range(1, 8):
        subsets = itertools.combinations(scores, number)
        assert expected_best(scores, number) == pytest.approx(np.mean([max(s) for s in subsets]))


def test_the_budget_table_and_settings_at_an_edge(written):
    _, _, made, _ = written
    table = report.budget_table(made)
    assert table.splitlines()[0].split()[-2:] == ["8", "settings"]
    for label, learner in made.learners.items():
        (line,) = [line for line in table.splitlines() if line.startswith(label)]
        assert line.split()[-1] == f"{max(t.score for t in learner.tried):.2f}"
    adam = made.learners["adam"]
    steps = sorted(tried.setting["step_size"] for tried in adam.tried)
    for step, edge in ((steps[0], True), (steps[1], False), (steps[-1], True)):
        chosen = adam.model_copy(update={"chosen": {"step_size": step}})
        assert chosen.at_edge == (["step_size"] if edge else [])
        changed = made.model_copy(update={"learners": {"adam": chosen}})
        assert report.remarks(changed) == (
            ["At the edge of what was tried, so a better value may lie beyond: adam step_size."]
            if edge
            else []
        )


# ---- the suite's section ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("{search: bayes}", "tuning.search: input should be 'random', 'grid' or 'halving'"),
        ("{setings: 3}", "tuning.setings: unknown key. Did you mean 'settings'?"),
        ("{seeds: 0}", "greater than or equal to 1"),
        ("{eta: 1}", "greater than or equal to 2"),
        (
            "{per_stream: true, streams: [{label: onne, id: plasticity/RandomLabelDigits-v0, "
            "network: {hidden: [8]}}]}",
            "Did you mean 'one'?",
        ),
        ("{streams: [{id: plasticity/RandomLabel-v0, network: {}}]}", "tuning.streams"),
    ],
)
def test_a_mistake_in_the_section_gets_a_sentence(tmp_path, given, sentence):
    with pytest.raises(pb.BadInputError) as caught:
        suite_of(tmp_path, SUITE.replace("{settings: 8, seeds: 3}", given))
    assert sentence in str(caught.value)
    assert "tiny.yaml:" in str(caught.value)


def test_streams_of_its_own_to_tune_on(tmp_path):
    own = (
        "{settings: 2, seeds: 1, streams: [{label: other, id: plasticity/RandomLabelDigits-v0, "
        "num_tasks: 3, updates_per_task: 2, num_examples: 40, network: {hidden: [4]}}]}"
    )
    suite = suite_of(tmp_path, SUITE.replace("{settings: 8, seeds: 3}", own))
    made = Made(Results(tmp_path), value=lambda *_: 0.5)
    Search(suite, suite.contenders).run(made.results, made)
    assert {run.stream for run in made.runs} == {"other"}
