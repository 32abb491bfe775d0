"""Every replica has the network of its own settings, or is in another population."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

import plasticity_bench as pb
from plasticity_bench.recording import network_constants
from plasticity_bench.recording.network_constants import Constants, built, by_network
from plasticity_bench.results import Results
from plasticity_bench.running import group_run
from plasticity_bench.running.execution import Execution
from plasticity_bench.running.pending import pending
from plasticity_bench.seeding import Branch, integer
from plasticity_bench.suite.contenders import Contender
from plasticity_bench.suite.loading import load_suite
from plasticity_bench.suite.planning import plan
from plasticity_bench.tuning.search import together
from tests.support.helpers import SPEC, replica, same, stacked_batch

SUITE = """\
suite: test/constants-v0
streams:
  - id: plasticity/RandomLabelDigits-v0
    num_tasks: 2
    updates_per_task: 10
    num_examples: 32
    network: {hidden: [8]}
learners: [fresh]
seeds: 2
measure: {curvature: {every: 2, examples: 16}}
"""


class Body(nn.Module):
    """A network with something before, after or in it."""

    def __init__(self, spec, before=lambda x: x, after=lambda x: x):
        super().__init__()
        self.body, self.before, self.after = pb.build_network(spec), before, after

    def forward(self, x):
        return self.after(self.body(self.before(x)))


class Scaled(nn.Module):
    def __init__(self, body, scale):
        super().__init__()
        self.body, self.scale = body, scale

    def forward(self, x):
        return self.scale * self.body(x)


class OnlyLargeBatches(Scaled):
    """Its scale is not seen where there are few examples."""

    def forward(self, x):
        return self.scale * self.body(x) if len(x) > 4 else self.body(x)


def activated(spec, activation):
    layers = pb.build_network(spec)
    layers.activation0 = activation
    return layers


def normed(spec, eps):
    return nn.Sequential(pb.build_network(spec), nn.LayerNorm(spec.num_outputs, eps=eps))


def with_gain(spec, gain):
    network = pb.build_network(spec)
    with torch.no_grad():
        for value in network.parameters():
            value.mul_(gain)
    return network


def in_a_tensor(spec, value):
    constant = torch.tensor(value)
    return Body(spec, after=lambda x: constant * x)


NUMPY = {c: np.array([c]) for c in (0.1, 0.9)}
CONSTANTS = {
    "scale": lambda spec, c: Scaled(pb.build_network(spec), c),
    "scale in large batches": lambda spec, c: OnlyLargeBatches(pb.build_network(spec), c),
    "slope": lambda spec, c: activated(spec, nn.LeakyReLU(c)),
    "eps": normed,
    "temperature in a closure": lambda spec, c: Body(spec, after=lambda x: x / c),
    "default argument": lambda spec, c: Body(spec, after=lambda x, c=c: x / c),
    "tensor in a closure": in_a_tensor,
    "numpy": lambda spec, c: Body(spec, after=lambda x, a=NUMPY[c]: x * float(a[0])),
    "list": lambda spec, c: Body(spec, before=lambda x, a=[c]: x * a[0]),
    "structure": lambda spec, c: activated(spec, nn.ReLU() if c < 0.5 else nn.Tanh()),
    "width": lambda spec, c: pb.build_network(
        pb.NetworkSpec(**{**spec.parameters(), "hidden": (8 if c < 0.5 else 9,)})
    ),
}


def learner_of(make):
    class Made(pb.Learner):
        c: float = 1.0
        search = {"c": pb.LogUniform(1e-2, 1.0)}

        def build(self, spec):
            return make(spec, self.c)

    return Made


class KeepsItself(pb.Learner):
    """Its network reads the learner's hyperparameter in the forward pass."""

    c: float = 1.0

    def build(self, spec):
        return Body(spec, after=lambda x: self.c * x)


@pytest.mark.parametrize("name", [*CONSTANTS, "learner"])
def test_settings_with_other_networks_are_apart(name):
    cls = KeepsItself if name == "learner" else learner_of(CONSTANTS[name])
    learners = [cls(c=c, step_size=s) for c, s in ((0.1, 1e-3), (0.9, 1e-3), (0.1, 1e-2))]
    assert by_network(learners, SPEC) == [[0, 2], [1]]
    with pytest.raises(pb.BadInputError, match="cannot be one population"):
        pb.Population([pb.Replica(0, learner) for learner in learners], SPEC)
    pb.Population([pb.Replica(seed, learners[2 * seed]) for seed in (0, 1)], SPEC)


def test_initial_parameters_alone_are_no_reason():
    cls = learner_of(with_gain)
    learners = [cls(c=c) for c in (0.1, 0.5, 0.9)]
    assert by_network(learners, SPEC) == [[0, 1, 2]]
    together_ = pb.Population([pb.Replica(0, learner) for learner in learners], SPEC)
    ratio = together_.state.params["head.weight"][2] / together_.state.params["head.weight"][0]
    torch.testing.assert_close(ratio, torch.full_like(ratio, 9.0))


def test_a_build_that_raises_is_apart():
    def make(spec, c):
        if c > 0.5:
            raise ValueError("too large")
        return pb.build_network(spec)

    learners = [learner_of(make)(c=c) for c in (0.1, 0.9)]
    assert by_network([type(learners[0])(c=c) for c in (0.1, 0.9, 0.2)], SPEC) == [[0, 2], [1]]


def test_networks_are_built_by_setting_not_by_replica(monkeypatch):
    calls = []

    class Own(pb.Learner):
        def build(self, spec):
            return pb.build_network(spec)

    real = network_constants.built
    monkeypatch.setattr(
        network_constants, "built", lambda *given: calls.append(given) or real(*given)
    )
    by_network([Own(step_size=1e-3)] * 64, SPEC)
    assert len(calls) == 1


def projected(spec):
    projection = torch.randn(16, 16)
    return Body(spec, before=lambda x: (x.flatten(1) @ projection).reshape(x.shape))


class Hidden(nn.Module):
    """Parameters in a plain list, which the module does not know."""

    def __init__(self, spec):
        super().__init__()
        self.layers = [nn.Linear(16, 16)]
        self.body = pb.build_network(spec)

    def forward(self, x):
        return self.body(self.layers[0](x.flatten(1)).reshape(x.shape))


RANDOM = {
    "closure": projected,
    "hidden layer": Hidden,
    "structure": lambda spec: activated(spec, nn.ReLU() if torch.rand(()) > 0.5 else nn.Tanh()),
    "scale": lambda spec: Scaled(pb.build_network(spec), torch.rand(()).item()),
}


@pytest.mark.parametrize("seeds", [[0], [0, 1, 2, 3, 4, 5, 6, 7]])
@pytest.mark.parametrize("name", RANDOM)
def test_constants_that_are_drawn_at_random_are_refused(name, seeds):
    class Random(pb.Learner):
        def build(self, spec):
            return RANDOM[name](spec)

    if name == "structure" and len(seeds) == 1:
        pytest.skip("one draw may well be as the other")
    with pytest.raises(pb.LearnerError, match="hook build: two networks of the same settings") as e:
        pb.Population([pb.Replica(seed, Random()) for seed in seeds], SPEC)
    assert "make it a parameter" in str(e.value)


def test_a_constant_from_a_generator_of_its_own_is_accepted():
    class Fixed(pb.Learner):
        def build(self, spec):
            generator = torch.Generator().manual_seed(0)
            projection = torch.randn(16, 16, generator=generator)
            return Body(spec, before=lambda x: (x.flatten(1) @ projection).reshape(x.shape))

    pb.Population([pb.Replica(seed, Fixed()) for seed in (0, 1)], SPEC).begin_task(1)


def test_a_constant_that_is_drawn_for_a_later_task_only_is_refused():
    class Later(pb.Learner):
        def build(self, spec):
            return Scaled(
                pb.build_network(spec), 2.0 if torch.initial_seed() not in self._first else 1.0
            )

        def begin_task(self, state, fresh, noise):
            return state._replace(params=fresh)

    Later._first = {0, integer(0, Branch.PARAMETERS)}
    with pytest.raises(pb.LearnerError, match="two networks of the same settings differ"):
        pb.Population([pb.Replica(0, Later())], SPEC)


def test_only_parameters_may_differ():
    spec = SPEC
    first = built(pb.Learner(), spec, 0)
    constants = Constants(first, spec)
    assert constants.difference(built(pb.Learner(), spec, 1), graph=True) is None
    other = built(pb.Learner(), spec, 1)
    other.note = "x"
    assert constants.difference(other) == "note"
    wider = pb.build_network(pb.NetworkSpec(hidden=(17, 12), input_shape=(4, 4), num_outputs=5))
    assert "parameters" in constants.difference(wider)


@pytest.mark.slow
def test_the_runner_gives_every_setting_its_own_network(tmp_path):
    """Bit for bit what each setting gives alone."""
    (tmp_path / "suite.yaml").write_text(SUITE)
    suite = load_suite(str(tmp_path / "suite.yaml"))
    cls = learner_of(CONSTANTS["scale"])
    contenders = [Contender(f"{c}", cls(c=c)) for c in (0.01, 1.0, 3.0)]
    planned = [group for group in plan(suite, contenders, range(2)) if group.suite_stream.label]
    (merged,) = together([replace(group, label="mine") for group in planned])
    values = {}
    for replicas in (6, 1):
        results = Results(tmp_path / str(replicas))
        execution = Execution("off", replicas=replicas)
        left = pending([merged], results, execution)
        assert len(left) == (3 if replicas == 6 else 6)
        for group in left:
            assert group_run.run_group(results, execution, group, lambda _: None).error is None
        assert not results.snapshot().missing(merged.runs)
        values[replicas] = [run.columns["value"] for run in map(results.load, merged.runs)]
    for one, other in zip(values[6], values[1]):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(values[1][0], values[1][2])  # another scale, other results


def test_mixed_settings_in_one_group_are_run_apart(tmp_path):
    """A group that nobody split, such as one of a cluster's tasks."""
    (tmp_path / "suite.yaml").write_text(SUITE)
    suite = load_suite(str(tmp_path / "suite.yaml"))
    cls = learner_of(CONSTANTS["scale"])
    contenders = [Contender(f"{c}", cls(c=c)) for c in (0.01, 1.0)]
    planned = plan(suite, contenders, range(2))
    (merged,) = together([replace(group, label="mine") for group in planned])
    results = Results(tmp_path / "results")
    outcome = group_run.run_group(results, Execution("off"), merged, lambda _: None)
    assert outcome.error is None
    assert len(results.snapshot().finished) == 4


@pytest.mark.slow
def test_check_says_that_values_are_trained_by_themselves():
    (remark,) = pb.check_learner(learner_of(CONSTANTS["scale"]))
    assert remark.startswith("build depends on c: in a search")
    assert pb.check_learner(learner_of(with_gain)) == ()


def test_replicas_of_one_network_are_as_alone():
    cls = learner_of(CONSTANTS["scale"])
    both = pb.Population([pb.Replica(seed, cls(c=0.3)) for seed in (0, 1)], SPEC)
    alone = pb.Population([pb.Replica(1, cls(c=0.3))], SPEC)
    for step in range(3):
        both.update(*stacked_batch([0, 1], step))
        alone.update(*stacked_batch([1], step))
    assert same(replica(both, 1), replica(alone, 0))
