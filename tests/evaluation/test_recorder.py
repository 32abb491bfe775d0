"""Measurements of a suite: taken when it says, of what it says, and without a trace in training."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import plasticity_bench as pb
from plasticity_bench.evaluation.evaluation import Evaluation
from plasticity_bench.evaluation.protocol import Diagnostic
from plasticity_bench.evaluation.recorder import Recorder
from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.measurements import DIAGNOSTICS, MEASUREMENTS, Probe
from tests.evaluation.test_evaluator import SPEC, ExplodesLast, population, small_stream, values


def protocol(*names, every=1, **settings):
    chosen = tuple(Diagnostic(name=n, every=every, examples=16) for n in names)
    return pb.Protocol(curvature_every=2, curvature_examples=16, diagnostics=chosen, **settings)


EVERYTHING = protocol(*DIAGNOSTICS)


@pytest.mark.slow
@pytest.mark.parametrize("learner", ["adam", "shrink_and_perturb", "fresh"])
def test_measuring_leaves_every_other_number_as_it_was(learner):
    """In every bit: parameters, moments, memory, and all that was measured without it."""
    random_state = torch.get_rng_state()
    runs = [population(find_learner(learner)(step_size=1e-2), [0, 3]) for _ in range(2)]
    told = {"reveal_boundaries": learner == "fresh"}
    without = pb.evaluate(small_stream(), runs[0], protocol(**told))
    with_all = pb.evaluate(small_stream(), runs[1], protocol(*DIAGNOSTICS, **told))
    leaves = [torch.utils._pytree.tree_leaves(run.state) for run in runs]
    assert all(torch.equal(a, b) for a, b in zip(*leaves, strict=True))
    plain = [m for m in with_all.measurements if m.name in {n.name for n in without.measurements}]
    for one, other in zip(without.measurements, plain, strict=True):
        assert (one.task, one.when, one.name) == (other.task, other.when, other.name)
        assert one.values.tobytes() == other.values.tobytes()
    assert torch.equal(random_state, torch.get_rng_state())


def test_what_is_taken_when():
    found = pb.evaluate(
        small_stream(num_tasks=5),
        population(pb.Learner(), [0, 1]),
        protocol("parameter_norm", "update_norm", every=3),
    ).measurements
    taken = [(m.task, m.when, m.name) for m in found if "norm" in m.name and "/" not in m.name]
    expected = []
    for task in (0, 3, 4):  # every third, and the last, which is scored
        expected.append((task, "start", "parameter_norm"))
        ends = ("parameter_norm", "update_norm", "task_update_norm")
        expected += [(task, "end", name) for name in ends]
    assert taken == expected
    assert all(m.values.shape == (2,) for m in found)


def test_numbers_are_of_the_tasks_first_examples_and_the_parameters_of_that_moment():
    stream = small_stream(num_tasks=2)
    whole = pb.evaluate(
        stream, population(pb.Learner(), [2]), protocol("gradient_norm", "dormant_units")
    )
    before = population(pb.Learner(), [2])
    pb.evaluate(small_stream(num_tasks=1), before, protocol())
    task = stream.task(2, 1)
    probe = Probe(
        before.module,
        before.state.params,
        before.state.initial,
        before.state.moments,
        torch.from_numpy(stream.inputs(task.examples[:16]))[None],
        torch.from_numpy(task.targets[:16])[None],
    )
    for name in ("gradient_norm", "dormant_units"):
        for key, expected in MEASUREMENTS[name].measure(probe).items():
            at = {m.when: m.values for m in whole.measurements if m.name == key and m.task == 1}
            assert at["start"].tolist() == expected.tolist()
    # the end of a task is the start of the next, on other targets
    names = [m.name for m in whole.measurements if m.name.startswith("dormant")]
    for name in names:
        found = {(m.task, m.when): m.values for m in whole.measurements if m.name == name}
        assert found[0, "end"].tolist() == found[1, "start"].tolist()


def test_updates_are_sampled_evenly_and_are_the_learners_own():
    """A learner that moves every parameter by its step count: updates of known length."""

    class Walks(pb.Learner):
        def after_update(self, state, noise):
            return state._replace(params={k: v + state.step for k, v in state.initial.items()})

    run = population(Walks(), [0])
    found = pb.evaluate(small_stream(num_tasks=2), run, protocol("update_norm"))
    size = math.sqrt(sum(v[0].numel() for v in run.state.params.values()))
    # After update k all stand at initial + k: in the first task, sampled updates move by one each.
    assert values(found, "update_norm")[0][0] == pytest.approx(size, rel=1e-5)
    assert values(found, "task_update_norm")[1][0] == pytest.approx(12 * size, rel=1e-5)


@pytest.mark.slow
def test_replicas_that_diverge_have_no_numbers_and_others_keep_theirs():
    run = population(ExplodesLast(), [0, 1])
    found = pb.evaluate(small_stream(num_tasks=3), run, EVERYTHING)
    assert found.diverged_at.tolist() == [1, 1]
    for m in found.measurements:
        if m.task == 2 and m.name not in ("chance", "dead_rank"):
            assert np.isnan(m.values).all(), m.name
    first = {m.name for m in found.measurements if m.task == 0}
    last = {m.name for m in found.measurements if m.task == 2}
    assert first == last


@pytest.mark.slow
def test_one_replicas_numbers_do_not_depend_on_the_others():
    together = pb.evaluate(small_stream(), population(pb.Learner(), [0, 1, 2]), EVERYTHING)
    alone = pb.evaluate(small_stream(), population(pb.Learner(), [1]), EVERYTHING)
    for one, other in zip(together.measurements, alone.measurements, strict=True):
        np.testing.assert_array_equal(one.values[1], other.values[0], err_msg=one.name)


def test_a_network_without_hidden_activations_runs():
    class Linear(pb.Learner):
        def build(self, spec):
            return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, spec.num_outputs))

    run = pb.Population([pb.Replica(0, Linear())], SPEC)
    found = pb.evaluate(small_stream(num_tasks=1), run, EVERYTHING)
    assert np.isnan(values(found, "feature_srank99_n16")[0]).all()
    assert np.isfinite(values(found, "gradient_norm_n16")[0]).all()


def test_a_measurement_that_fails_is_named():
    class Sorts(torch.nn.Linear):
        def forward(self, x):
            return super().forward(x.flatten(1)) * (1.0 if x.sum().item() > 0 else 2.0)

    class Odd(pb.Learner):
        vectorized = False

        def build(self, spec):
            return Sorts(64, spec.num_outputs)

    run = pb.Population([pb.Replica(0, Odd())], SPEC)
    chosen = pb.Protocol(
        curvature_every=100,
        curvature_examples=16,
        diagnostics=(Diagnostic(name="neural_tangent_kernel", every=1, examples=4),),
    )

    def first(n):
        return torch.ones(1, n, 8, 8), torch.zeros(1, n, dtype=torch.int64)

    task = SimpleNamespace(index=1, train=SimpleNamespace(first=first), chance=np.ones(1))
    recorder = Recorder(run, chosen, Evaluation(diverged_at=np.full(1, -1)), small_stream())
    recorder.enter(task)
    with pytest.raises(
        pb.MeasurementError, match="neural_tangent_kernel cannot be measured on this"
    ):
        recorder.record_start(task)
