"""Plans: what a run's result depends on is in its key, and every run is run once."""

from dataclasses import dataclass, replace

import pytest
import torch

import plasticity_bench as pb
from plasticity_bench.results import Results
from plasticity_bench.running import group_run, progress, runner
from plasticity_bench.running.engines import ProcessDied, TimedOut
from plasticity_bench.running.execution import Execution
from plasticity_bench.running.outcome import Outcome
from plasticity_bench.running.pending import pending
from plasticity_bench.streams.random_labels import RandomLabels
from plasticity_bench.suite.contenders import Contender, with_learners
from plasticity_bench.suite.loading import load_suite
from plasticity_bench.suite.planning import Group, plan, without_boundaries
from plasticity_bench.tuning.search import together

TINY = """\
suite: test/tiny-v0
streams:
  - id: plasticity/RandomLabelDigits-v0
    num_tasks: 2
    updates_per_task: 3
    num_examples: 40
    network: {hidden: [8]}
learners: [fresh, {name: l2, strength: 0.5}]
measure: {curvature: {every: 1, examples: 16}}
"""


@pytest.fixture
def suite(tmp_path):
    (tmp_path / "tiny.yaml").write_text(TINY)
    return load_suite(str(tmp_path / "tiny.yaml"))


def keys(suite, num_seeds=2):
    groups = plan(suite, suite.contenders, range(num_seeds))
    return {(run.learner, run.seed): run.key for group in groups for run in group.runs}


CHANGES = {
    "a hyperparameter": ("strength: 0.5", "strength: 0.6", ["l2"]),
    "the stream": ("num_tasks: 2", "num_tasks: 3", ["fresh", "l2"]),
    "the network": ("[8]", "[9]", ["fresh", "l2"]),
    "the protocol": ("every: 1", "every: 2", ["fresh", "l2"]),
    "what learners are told": ("measure:", "reveal_boundaries: true\nmeasure:", ["l2"]),
    "nothing that matters": ("measure:", "seeds: 7\nmeasure:", []),
}


@pytest.mark.parametrize(("right", "changed", "learners"), CHANGES.values(), ids=CHANGES.keys())
def test_keys_change_with_what_results_depend_on(suite, tmp_path, right, changed, learners):
    (tmp_path / "other.yaml").write_text(TINY.replace(right, changed))
    before, after = keys(suite), keys(load_suite(str(tmp_path / "other.yaml")))
    for place, key in before.items():
        assert (after[place] != key) == (place[0] in learners)
    assert len(set(before.values())) == len(before)


@pytest.mark.parametrize("num_seeds", [1, 16, 17, 50])
def test_every_run_is_in_one_group_of_a_good_size(suite, tmp_path, num_seeds):
    groups = plan(suite, suite.contenders, range(num_seeds))
    left = pending(groups, Results(tmp_path))
    runs = [(run.learner, run.seed) for group in left for run in group.runs]
    wanted = [(learner, seed) for learner in ("fresh", "l2") for seed in range(num_seeds)]
    assert sorted(runs) == sorted(wanted)
    sizes = [len(group.runs) for group in left]
    assert max(sizes) <= 16
    assert max(sizes) - min(sizes) <= 1


def test_the_cost_of_a_seed_is_its_share(suite, tmp_path):
    results = Results(tmp_path)
    group = plan(suite, suite.contenders, range(4))[1]
    outcome = group_run.run_group(results, Execution("off"), group, lambda _: None)
    seconds = [results.load(run).info["seconds"] for run in group.runs]
    assert sum(sum(parts.values()) for parts in seconds) == pytest.approx(outcome.seconds)
    assert all(value > 0 for parts in seconds for value in parts.values())
    execution = results.load(group.runs[0]).info["execution"]
    assert execution.pop("kernels") in (True, False)
    assert execution.pop("record").keys() > {"digest", "flops"}
    expected = {"recorded": True, "varies": [], "compiled": False, "fallback": None, "members": 4}
    assert execution == {**expected, "device": "cpu"}


def test_every_fresh_learner_is_told_where_tasks_begin(suite):
    added = with_learners(suite.contenders, ["fresh"], {"step_size": 0.05})
    for group in plan(suite, (*suite.contenders, *added), range(1)):
        assert group.protocol.reveal_boundaries == (type(group.learners[0]).__name__ == "Fresh")


class Resets(pb.Learner):
    def begin_task(self, state, fresh, noise):
        return self.restart(fresh)


def test_learners_that_would_act_at_hidden_boundaries_are_named(suite):
    (mine,) = with_learners(suite.contenders, [f"{__name__}:Resets"], {})
    groups = plan(suite, (mine, *suite.contenders), range(1))
    (sentence,) = without_boundaries(groups)
    assert sentence.startswith(f"{__name__}:Resets: its begin_task is never called")
    told = replace(suite, protocol=replace(suite.protocol, reveal_boundaries=True))
    assert without_boundaries(plan(told, (mine,), range(1))) == []


def test_a_stored_run_that_was_damaged_is_run_again(suite, tmp_path):
    results = Results(tmp_path)
    groups = plan(suite, suite.contenders[:1], range(3))
    group_run.run_group(results, Execution("off"), groups[0], lambda _: None)
    assert pending(groups, results) == []
    folders = [results.path(run) for run in groups[0].runs]
    (folders[0] / "measurements.parquet").write_bytes(b"PAR1 cut short")
    (folders[1] / "measurements.parquet").unlink()
    (folders[2] / "cell.json").write_text("[]")
    assert [len(group.runs) for group in pending(groups, results)] == [3]
    assert results.load(groups[0].runs[0]) is None
    group_run.run_group(results, Execution("off"), groups[0], lambda _: None)
    assert pending(groups, results) == []


class Broken(pb.DatasetStream):
    def task(self, seed, index):
        if index == 1:
            raise RuntimeError("the second task does not exist")
        examples = self.examples(seed)
        return pb.Task(examples, self.data.labels[examples])


def test_any_fault_is_stored_with_its_traceback(suite, tmp_path):
    results = Results(tmp_path)
    group = plan(suite, suite.contenders[:1], range(1))[0]
    broken = replace(
        group.suite_stream, stream=Broken(num_tasks=2, updates_per_task=3, num_examples=40)
    )
    outcome = group_run.run_group(
        results, Execution("off"), replace(group, suite_stream=broken), lambda _: None
    )
    sentence = "Stream Broken: task(0, 1) raised RuntimeError: the second task does not exist."
    assert outcome.error == sentence
    text = (results.path(group.runs[0]) / "cell.json").read_text()
    assert "Traceback" in text
    assert '"status": "failed"' in text


class Picky(pb.Learner):
    """Fails with some settings."""

    strength: float = 0.0
    vectorized = False

    def penalty(self, params, state):
        if self.strength > 0.5:
            raise RuntimeError("too strong")
        return self.strength * sum(value.square().sum() for value in params.values())


@pytest.mark.slow
def test_a_setting_that_fails_fails_alone(suite, tmp_path):
    results = Results(tmp_path)
    strengths = (0.1, 0.2, 0.7, 0.3)
    mine = [Contender(f"{s}", Picky(strength=s)) for s in strengths]
    group, *_ = together([replace(g, label="picky") for g in plan(suite, mine, range(3))])
    outcome = group_run.run_group(results, Execution("off"), group, lambda _: None)
    sentence = 'penalty: `raise RuntimeError("too strong")`, learner Picky raised RuntimeError'
    assert outcome.error.startswith("strength=0.7: ")
    assert outcome.error.count(sentence) == 1
    there = results.snapshot()
    assert {head.learner for head in there.failed.values()} == {"0.7"}
    assert {head.learner for head in there.finished.values()} == {"0.1", "0.2", "0.3"}
    assert len(there.finished) == 9
    (left,) = pending([group], results)
    assert {run.learner for run in left.runs} == {"0.7"}
    same = group_run.run_group(results, Execution("off"), left, lambda _: None)
    assert not same.error.startswith("strength")
    assert sentence in same.error


@pytest.mark.parametrize("error", [ProcessDied("it was killed"), TimedOut("it took long")])
def test_what_was_stored_before_a_process_died_stays_stored(suite, tmp_path, monkeypatch, error):
    results = Results(tmp_path)
    group = plan(suite, suite.contenders[:1], range(3))[0]

    def dies(work, items, *_, **__):
        group_run.run_group(results, Execution("off"), group.part([0, 2]), lambda _: None)
        yield 0, error

    monkeypatch.setattr(runner, "run_local", dies)
    assert runner.run([group], results, [Execution()], print, lambda *_: None) == 1
    there = results.snapshot()
    assert sorted(head.seed for head in there.finished.values()) == [0, 2]
    assert [head.seed for head in there.failed.values()] == [1]


class Huge(pb.Learner):
    """Its parameters stay finite, and its gradients do not."""

    def after_update(self, state, noise):
        huge = {k: torch.full_like(v, 1e30) for k, v in state.params.items()}
        return state._replace(params=huge if self.vectorized else state.params)


def test_a_replica_whose_curvature_overflows_has_diverged_and_its_group_continues(suite, tmp_path):
    results = Results(tmp_path)
    (mine,) = with_learners(suite.contenders, [f"{__name__}:Huge"], {})
    group = plan(suite, (mine,), range(2))[0]
    outcome = group_run.run_group(results, Execution("off"), group, lambda _: None)
    assert outcome.error is None
    assert outcome.num_diverged == 2
    assert results.load(group.runs[0]).info["status"] == "diverged"


# ---- what a person sees -----------------------------------------------------------------------


def test_notes_are_told_once(suite, tmp_path, monkeypatch):
    outcomes = [Outcome(notes=("not compiled: why", str(index))) for index in range(2)]
    monkeypatch.setattr(
        runner, "run_local", lambda *_, **__: (pair for pair in enumerate(outcomes))
    )
    seen: list[Outcome] = []
    groups = plan(suite, suite.contenders, range(1))
    runner.run(groups, Results(tmp_path), [Execution()], print, lambda _, told: seen.append(told))
    assert [outcome.notes for outcome in seen] == [("not compiled: why", "0"), ("1",)]


@pytest.fixture
def groups(suite) -> list[Group]:
    return plan(suite, suite.contenders, range(2))


def test_the_live_display_shows_suite_stream_learner_task_and_time_left(
    groups, monkeypatch, capsys
):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    with progress.display(groups) as display:
        assert isinstance(display, progress._Live)
        display.task_done(0, 0)
        display._progress.refresh()
        display.group_done(0, Outcome(seconds=1.25))
        display.group_done(1, Outcome(error="it broke"))
    shown = capsys.readouterr().err
    for part in ("all runs", "RandomLabelDigits-v0  fresh", "task 1 of 2", "-:--:--"):
        assert part in shown
    assert "2 seeds in 1.2 s" in shown
    assert "l2: FAILED: it broke" in shown


def test_without_a_terminal_there_are_plain_lines(groups, capsys):
    with progress.display(groups) as display:
        display.task_done(0, 0)
        display.group_done(0, Outcome(seconds=1.0, num_diverged=1, notes=("not compiled: why",)))
        display.group_done(1, Outcome(error="it broke"))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith(
        "[1/2] RandomLabelDigits-v0  fresh: 2 seeds in 1.0 s, 1 diverged (not compiled: why); about"
    )
    assert lines[1].startswith("[2/2] RandomLabelDigits-v0  l2: FAILED: it broke")


@dataclass(frozen=True, kw_only=True)
class FailsForSomeSeeds(RandomLabels):
    """Its second task cannot be made for some seeds."""

    failing: tuple = ()

    def task(self, seed, index):
        if index == 1 and seed in self.failing:
            raise RuntimeError("no such task")
        return super().task(seed, index)


@pytest.mark.parametrize("failing", [(2,), (0,), (1, 3), (0, 1, 2, 3)])
def test_one_seed_that_fails_does_not_fail_the_others(suite, tmp_path, failing, monkeypatch):
    tried = []
    evaluated = group_run._evaluated
    monkeypatch.setattr(
        group_run,
        "_evaluated",
        lambda how, group, *rest: (
            tried.append([run.seed for run in group.runs]) or evaluated(how, group, *rest)
        ),
    )
    results = Results(tmp_path)
    (group,) = (g for g in plan(suite, suite.contenders, range(4)) if g.label == "l2")
    parameters = group.suite_stream.stream.parameters()
    stream = FailsForSomeSeeds(**parameters, failing=failing)
    group = replace(group, suite_stream=replace(group.suite_stream, stream=stream))
    outcome = group_run.run_group(results, Execution("off"), group, lambda _: None)
    assert "no such task" in outcome.error
    found = results.snapshot()
    assert sorted(run.seed for run in found.missing(group.runs)) == list(failing)
    assert sorted(run.seed for run in group.runs if run.address in found.failed) == list(failing)
    assert tried[0] == [0, 1, 2, 3]
    if len(failing) == 4:  # the first two show it
        assert tried[1:] == [[0], [1]]
