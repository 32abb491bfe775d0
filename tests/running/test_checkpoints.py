"""A run resumes bit-exactly from stored progress; what cannot be used is refused."""

import random
import weakref
from dataclasses import replace

import numpy as np
import pytest
import torch

import plasticity_bench as pb
from benchmarks import bits
from plasticity_bench import stopping
from plasticity_bench.evaluation.evaluator import evaluate
from plasticity_bench.evaluation.protocol import Diagnostic, Protocol
from plasticity_bench.results import Results
from plasticity_bench.running import checkpoints, group_run
from plasticity_bench.running.checkpoints import CheckpointError, CheckpointWriter, Header
from plasticity_bench.running.execution import Execution
from plasticity_bench.running.pending import pending
from plasticity_bench.shipped import baseline_names
from plasticity_bench.streams import make_stream
from plasticity_bench.suite.loading import load_suite
from plasticity_bench.suite.planning import plan

SPEC = pb.NetworkSpec(hidden=(8, 6), input_shape=(8, 8), num_outputs=10)
PROTOCOL = Protocol(
    curvature_every=1,
    curvature_examples=16,
    reveal_boundaries=True,
    diagnostics=(
        Diagnostic(name="update_norm", every=1, examples=16),
        Diagnostic(name="feature_rank", every=2, examples=8),
    ),
)
TASKS, UPDATES = 3, 7
SIZE = {"num_examples": 40, "updates_per_task": UPDATES}


class Points:
    """A keeper that keeps everything at some points, and asks for nothing else."""

    def __init__(self, points):
        self.points, self.asked, self.kept = points, -1, []

    def due(self, task_ended):
        self.asked += 1
        return self.asked in self.points

    def keep(self, progress):
        self.kept.append(progress)


def population(learner, seeds=(0, 1)):
    return pb.Population([pb.Replica(seed, learner) for seed in seeds], SPEC)


def resume(stream, population, protocol, progress):
    population.load(progress.population)
    return evaluate(stream, population, protocol, begun=progress)


def numbers(evaluation):
    return [(m.task, m.when, m.name, m.values.tobytes()) for m in evaluation.measurements]


def test_a_part_of_a_population_has_its_share_of_the_time():
    stream = make_stream("plasticity/RandomLabelDigits-v0", num_tasks=2, **SIZE)
    keeper = Points({3})
    evaluate(stream, population(pb.Learner(), (0, 1, 2, 3)), PROTOCOL, keeper=keeper)
    (progress,) = keeper.kept
    parts = [progress.select(places).evaluation for places in ([0], [1, 2, 3])]
    for name in ("prepare_seconds", "train_seconds", "measure_seconds"):
        whole = getattr(progress.evaluation, name)
        assert whole > 0
        assert [getattr(part, name) for part in parts] == pytest.approx([whole / 4, whole * 3 / 4])


def assert_same(ours, theirs, our_population, their_population):
    assert numbers(ours) == numbers(theirs)
    assert ours.diverged_at.tolist() == theirs.diverged_at.tolist()
    one, other = our_population.tensors(), their_population.tensors()
    assert all(torch.equal(one[name], other[name]) for name in one | other)


@pytest.mark.slow
@pytest.mark.parametrize("name", baseline_names())
def test_every_baseline_resumes_to_the_same_bit_from_any_point(name, tmp_path):
    learner = bits.acting(name)
    stream = make_stream("plasticity/RandomLabelDigits-v0", num_tasks=TASKS, **SIZE)
    chance = random.Random(name)
    points = chance.sample(range(TASKS * UPDATES), 2)
    keeper, whole = Points(points), population(learner)
    expected = evaluate(stream, whole, PROTOCOL, keeper=keeper)
    assert len(keeper.kept) == 2
    for number, progress in enumerate(keeper.kept):
        file = tmp_path / f"{number}.checkpoint"
        checkpoints.write(file, Header(("a", "b"), {}), progress)
        second = population(learner)
        _, begun = checkpoints.read(file)
        resumed = resume(stream, second, PROTOCOL, begun)
        assert_same(resumed, expected, second, whole)


STREAMS = {
    "warm start": ("plasticity/WarmStartDigits-v0", {"num_examples": 40}),
    "incremental classes": ("plasticity/IncrementalDigits-v0", {"num_tasks": 3}),
    "regression": ("plasticity/SlowlyChangingRegression-v0", {"num_tasks": 3}),
    "mixed tasks": (
        "plasticity/RandomLabelDigits-v0",
        {"num_tasks": 3, "transition": 4, **SIZE},
    ),
    "head resets": (
        "plasticity/RandomLabelDigits-v0",
        {"num_tasks": 3, "resets_head": True, **SIZE},
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize(("stream_id", "parameters"), STREAMS.values(), ids=STREAMS.keys())
def test_every_kind_of_task_resumes_to_the_same_bit(stream_id, parameters):
    stream = make_stream(stream_id, **parameters)
    if stream.num_updates > 200:
        stream = replace(stream, updates_per_task=5)
    spec = replace(SPEC, input_shape=stream.input_shape, num_outputs=stream.num_outputs)
    protocol = replace(PROTOCOL, diagnostics=PROTOCOL.diagnostics[:1])

    def fresh():
        return pb.Population([pb.Replica(seed, pb.Learner()) for seed in (3, 4)], spec)

    # With one task's end among them: `due` is asked after every update but the last, and there.
    first = stream.updates(0)
    keeper, whole = Points([first // 2, first - 1, first + 2]), fresh()
    expected = evaluate(stream, whole, protocol, keeper=keeper)
    assert [(progress.task, progress.update) for progress in keeper.kept] == [
        (0, first // 2 + 1),
        (1, 0),
        (1, 3),
    ]
    for progress in keeper.kept:
        second = fresh()
        assert_same(resume(stream, second, protocol, progress), expected, second, whole)


@pytest.mark.slow
def test_compiled_updates_resume_to_the_same_bit():
    stream = make_stream("plasticity/RandomLabelDigits-v0", num_tasks=2, **SIZE)

    def fresh():
        replicas = [pb.Replica(seed, pb.Learner()) for seed in (0, 1)]
        return pb.Population(replicas, SPEC, compile_updates=True)

    keeper, whole = Points([4, 9]), fresh()
    expected = evaluate(stream, whole, PROTOCOL, keeper=keeper)
    assert whole.compiled, whole.fallback
    for progress in keeper.kept:
        second = fresh()
        assert_same(resume(stream, second, PROTOCOL, progress), expected, second, whole)


def test_some_of_the_replicas_resume_alone():
    stream = make_stream("plasticity/RandomLabelDigits-v0", num_tasks=TASKS, **SIZE)
    keeper, three = Points([10]), population(pb.Learner(), (0, 1, 2))
    expected = evaluate(stream, three, PROTOCOL, keeper=keeper)
    two = population(pb.Learner(), (2, 0))
    resumed = resume(stream, two, PROTOCOL, keeper.kept[0].select([2, 0]))
    for ours, theirs in zip(resumed.measurements, expected.measurements, strict=True):
        np.testing.assert_array_equal(ours.values, theirs.values[[2, 0]])


def test_seconds_add_up_over_both_parts():
    stream = make_stream("plasticity/RandomLabelDigits-v0", num_tasks=2, **SIZE)
    keeper = Points([9])
    evaluate(stream, population(pb.Learner()), PROTOCOL, keeper=keeper)
    before = replace(keeper.kept[0].evaluation, train_seconds=100.0, measure_seconds=50.0)
    begun = replace(keeper.kept[0], evaluation=before)
    resumed = resume(stream, population(pb.Learner()), PROTOCOL, begun)
    assert 100 < resumed.train_seconds < 105
    assert 50 < resumed.measure_seconds < 55
    assert before.train_seconds == 100.0


# ---- when ---------------------------------------------------------------------------------------


def test_a_checkpoint_is_due_at_intervals_and_sooner_at_a_tasks_end(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(checkpoints.time, "monotonic", lambda: now[0])
    written = []
    monkeypatch.setattr(checkpoints, "write", lambda *given: written.append(now[0]))
    keeper = CheckpointWriter(tmp_path / "a", Header((), {}), interval_seconds=300)
    asked = {}
    for second in (9, 10, 299, 300):
        now[0] = second
        asked[second] = (keeper.due(task_ended=False), keeper.due(task_ended=True))
    assert asked == {
        9: (False, False),
        10: (False, True),
        299: (False, True),
        300: (True, True),
    }
    keeper.keep(None)
    assert written == [300]
    now[0] = 309
    assert not keeper.due(task_ended=True)


def test_a_request_to_stop_makes_one_due_and_ends_the_run(tmp_path, monkeypatch):
    stream = make_stream("plasticity/RandomLabelDigits-v0", num_tasks=TASKS, **SIZE)
    expected = evaluate(stream, population(pb.Learner()), PROTOCOL)
    file = tmp_path / "a.checkpoint"
    monkeypatch.setattr(checkpoints, "received_signal", lambda: 15)
    with pytest.raises(stopping.Stopped):
        evaluate(
            stream,
            population(pb.Learner()),
            PROTOCOL,
            keeper=CheckpointWriter(file, Header(("a", "b"), {})),
        )
    header, progress = checkpoints.read(file)
    assert header == Header(("a", "b"), {})
    assert (progress.task, progress.update) == (0, 1)
    resumed = resume(stream, population(pb.Learner()), PROTOCOL, progress)
    assert numbers(resumed) == numbers(expected)


def test_a_run_continues_where_a_checkpoint_cannot_be_written(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoints, "write", full)
    told = []
    keeper = CheckpointWriter(tmp_path / "a", Header((), {}), 0.0, told.append)
    stream = make_stream("plasticity/RandomLabelDigits-v0", num_tasks=1, **SIZE)
    evaluate(stream, population(pb.Learner()), PROTOCOL, keeper=keeper)
    assert set(told) == {
        f"no checkpoint could be written to {tmp_path / 'a'}: No space left on device"
    }


def test_a_checkpoint_that_cannot_be_written_for_any_reason_loses_nothing(tmp_path, monkeypatch):
    def refuse(*_):
        raise KeyError(torch.complex128)

    monkeypatch.setattr(checkpoints, "write", refuse)
    messages = []
    keeper = CheckpointWriter(tmp_path / "a", Header((), {}), 0.0, messages.append)
    stream = make_stream("plasticity/RandomLabelDigits-v0", num_tasks=1, **SIZE)
    assert evaluate(stream, population(pb.Learner()), PROTOCOL, keeper=keeper).measurements
    assert set(messages) == {
        f"no checkpoint could be written to {tmp_path / 'a'}: KeyError: torch.complex128"
    }


# ---- what is refused ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def progress():
    stream = make_stream("plasticity/RandomLabelDigits-v0", num_tasks=2, **SIZE)
    keeper = Points([9])
    evaluate(stream, population(pb.Learner()), PROTOCOL, keeper=keeper)
    return keeper.kept[0]


def test_every_damaged_byte_is_found(progress, tmp_path):
    file = tmp_path / "a.checkpoint"
    checkpoints.write(file, Header(("a", "b"), {"x": 1}), progress)
    assert checkpoints.read(file)[0] == Header(("a", "b"), {"x": 1})
    assert checkpoints.keys_of(file) == ("a", "b")
    whole = file.read_bytes()
    chance = random.Random(0)
    for place in [0, 63, 64, 65, *(chance.randrange(len(whole)) for _ in range(200))]:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << chance.randrange(8)
        file.write_bytes(damaged)
        with pytest.raises(CheckpointError, match="a.checkpoint is damaged"):
            checkpoints.read(file)
    for length in (0, 10, 70, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[:length])
        with pytest.raises(CheckpointError, match="a.checkpoint is damaged"):
            checkpoints.read(file)


TINY = """\
suite: test/tiny-v0
streams:
  - id: plasticity/RandomLabelDigits-v0
    num_tasks: 4
    updates_per_task: 5
    num_examples: 40
    network: {hidden: [8]}
learners: [fresh, l2]
measure: {curvature: {every: 1, examples: 16}}
"""


@pytest.fixture
def suite(tmp_path):
    (tmp_path / "tiny.yaml").write_text(TINY)
    return load_suite(str(tmp_path / "tiny.yaml"))


def stop_after(monkeypatch, count):
    """Ask to stop once a keeper has been asked so often."""
    asked = []

    def received_signal():
        asked.append(None)
        return 15 if len(asked) > count else None

    monkeypatch.setattr(checkpoints, "received_signal", received_signal)


def half_done(suite, tmp_path, monkeypatch):
    """A group of three seeds that was stopped in its third task."""
    results = Results(tmp_path / "results")
    groups = plan(suite, suite.contenders[1:], range(3))
    stop_after(monkeypatch, 12)
    (left,) = pending(groups, results)
    assert group_run.run_group(results, Execution("off"), left, print).stopped
    monkeypatch.undo()
    return groups, results


def seen_tasks(results, group):
    tasks = []
    outcome = group_run.run_group(results, Execution("off"), group, tasks.append)
    assert outcome.error is None
    return tasks, outcome


def test_a_run_resumes_from_a_checkpoint_and_then_removes_it(suite, tmp_path, monkeypatch):
    groups, results = half_done(suite, tmp_path, monkeypatch)
    straight = Results(tmp_path / "straight")
    seen_tasks(straight, groups[0])
    (left,) = pending(groups, results)
    assert left.checkpoint is not None
    tasks, outcome = seen_tasks(results, left)
    assert tasks == [2, 3]
    assert outcome.notes == ()
    assert checkpoints.stored(results.folder) == []
    for run in groups[0].runs:
        ours, theirs = results.load(run), straight.load(run)
        assert all((ours.columns[k] == theirs.columns[k]).all() for k in ("name", "task"))
        np.testing.assert_array_equal(ours.columns["value"], theirs.columns["value"])


def test_runs_that_were_stored_before_a_crash_are_not_run_again(suite, tmp_path, monkeypatch):
    groups, results = half_done(suite, tmp_path, monkeypatch)
    straight = Results(tmp_path / "straight")
    seen_tasks(straight, groups[0])
    done = groups[0].runs[1]
    results.path(done).parent.mkdir(parents=True, exist_ok=True)
    straight.path(done).rename(results.path(done))
    (left,) = pending(groups, results)
    assert [run.seed for run in left.runs] == [0, 2]
    assert seen_tasks(results, left)[0] == [2, 3]
    ours, theirs = (r.load(groups[0].runs[2]).columns["value"] for r in (results, straight))
    np.testing.assert_array_equal(ours, theirs)
    assert checkpoints.stored(results.folder) == []


def test_a_checkpoint_that_is_removed_meanwhile_is_none(tmp_path):
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "a.checkpoint").symlink_to("gone")
    assert checkpoints.stored(tmp_path) == []
    assert checkpoints.begun(tmp_path) == set()


def test_a_damaged_checkpoint_is_told_of_not_used_and_removed(suite, tmp_path, monkeypatch):
    groups, results = half_done(suite, tmp_path, monkeypatch)
    (file,) = checkpoints.stored(results.folder)
    file.write_bytes(file.read_bytes()[:-1])
    told = []
    (left,) = pending(groups, results, notify=told.append)
    assert told == []  # its header can be read: the rest is looked at by the run
    assert left.checkpoint == file
    tasks, outcome = seen_tasks(results, left)
    assert tasks == [0, 1, 2, 3]
    assert outcome.notes == (f"{file} is damaged: its runs start anew.",)
    assert not file.exists()
    assert pending(groups, results) == []


@pytest.mark.parametrize("content", [b"", b"checksum\n", b"checksum\n[]\n", b'c\n{"runs": [1]}\n'])
def test_a_header_that_cannot_be_read_is_told_of_when_work_is_planned(
    suite, tmp_path, monkeypatch, content
):
    groups, results = half_done(suite, tmp_path, monkeypatch)
    (file,) = checkpoints.stored(results.folder)
    file.write_bytes(content)
    told = []
    (left,) = pending(groups, results, notify=told.append)
    assert len(told) == 1
    assert told[0].startswith(f"{file} cannot be read: ")
    assert told[0].endswith(": it is removed, and its runs start anew.")
    assert left.checkpoint is None
    assert not file.exists()


def test_a_checkpoint_is_read_once_and_not_when_work_is_planned(suite, tmp_path, monkeypatch):
    groups, results = half_done(suite, tmp_path, monkeypatch)
    calls = []

    def counted(name, function):
        def call(*given):
            calls.append(name)
            return function(*given)

        return call

    monkeypatch.setattr(checkpoints, "read", counted("read", checkpoints.read))
    monkeypatch.setattr(pb.Population, "load", counted("load", pb.Population.load))
    (left,) = pending(groups, results)
    assert calls == []
    assert seen_tasks(results, left)[0] == [2, 3]
    assert calls == ["read", "load"]


def test_a_checkpoint_of_other_conditions_is_refused_with_a_sentence(suite, tmp_path, monkeypatch):
    groups, results = half_done(suite, tmp_path, monkeypatch)
    (left,) = pending(groups, results)
    monkeypatch.setattr("plasticity_bench.running.execution.package_hash", lambda: "another")
    tasks, outcome = seen_tasks(results, left)
    assert tasks == [0, 1, 2, 3]
    assert outcome.notes == (
        f"{left.checkpoint} was written with another version of plasticity-bench: its runs start "
        "anew.",
    )


def test_a_learner_that_changed_does_not_find_its_old_progress(suite, tmp_path, monkeypatch):
    _, results = half_done(suite, tmp_path, monkeypatch)
    (tmp_path / "other.yaml").write_text(TINY.replace("l2]", "{name: l2, strength: 0.5}]"))
    other = load_suite(str(tmp_path / "other.yaml"))
    (left,) = pending(plan(other, other.contenders[1:], range(3)), results)
    assert left.checkpoint is None
    assert len(checkpoints.stored(results.folder)) == 1  # it is the other run's


@pytest.mark.slow
def test_both_halves_of_what_does_not_fit_resume_from_its_checkpoint(suite, tmp_path, monkeypatch):
    groups, results = half_done(suite, tmp_path, monkeypatch)
    straight = Results(tmp_path / "straight")
    seen_tasks(straight, groups[0])
    (left,) = pending(groups, results)
    update = pb.Population.update

    def limited(population, *batch):
        if len(population.replicas) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return update(population, *batch)

    monkeypatch.setattr(pb.Population, "update", limited)
    tasks, _ = seen_tasks(results, left.part([0, 2]))  # seed 1 is another process's
    assert tasks == [2, 3] * 2
    assert seen_tasks(results, left.part([1]))[0] == [0, 1, 2, 3]  # nothing is left of it
    assert checkpoints.stored(results.folder) == []
    for run in groups[0].runs:
        ours, theirs = (r.load(run).columns["value"] for r in (results, straight))
        np.testing.assert_array_equal(ours, theirs)


def test_halves_have_the_memory_of_what_did_not_fit(suite, tmp_path, monkeypatch):
    group = plan(suite, suite.contenders[1:], range(2))[0]
    update, before = pb.Population.update, []

    def limited(population, *batch):
        if len(population.replicas) > 1:
            before.append(weakref.ref(population))
            raise torch.OutOfMemoryError("CUDA out of memory.")
        assert before[0]() is None
        return update(population, *batch)

    monkeypatch.setattr(pb.Population, "update", limited)
    seen_tasks(Results(tmp_path / "results"), group)
    assert len(before) == 1


@pytest.mark.slow
def test_a_half_that_failed_keeps_the_checkpoint(suite, tmp_path, monkeypatch):
    groups, results = half_done(suite, tmp_path, monkeypatch)
    update = pb.Population.update

    def limited(population, *batch):
        if len(population.replicas) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        if population.replicas[0].seed == 2:
            raise RuntimeError("for now")
        return update(population, *batch)

    (left,) = pending(groups, results)
    with monkeypatch.context() as patched:
        patched.setattr(pb.Population, "update", limited)
        assert "for now" in group_run.run_group(results, Execution("off"), left, print).error
    (left,) = pending(groups, results)
    assert [run.seed for run in left.runs] == [2]
    assert seen_tasks(results, left)[0] == [2, 3]
    assert checkpoints.stored(results.folder) == []


@pytest.mark.slow
def test_a_population_that_does_not_fit_is_halved_and_nothing_is_lost(suite, tmp_path, monkeypatch):
    update = pb.Population.update

    def limited(population, *batch):
        if len(population.replicas) > 1 and population._clock[0] == 8:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return update(population, *batch)

    groups = plan(suite, suite.contenders[1:], range(3))
    straight, results = Results(tmp_path / "straight"), Results(tmp_path / "results")
    seen_tasks(straight, groups[0])
    monkeypatch.setattr(pb.Population, "update", limited)
    outcome = seen_tasks(results, groups[0])[1]
    assert [note.split(":")[1] for note in outcome.notes] == [
        " 3 replicas did not fit into memory; 2 were tried.",
        " 2 replicas did not fit into memory; 1 were tried.",
    ]
    for run in groups[0].runs:
        ours, theirs = (r.load(run).columns["value"] for r in (results, straight))
        np.testing.assert_array_equal(ours, theirs)
