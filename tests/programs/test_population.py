"""A learner written for one network, run for all replicas at once, gives each its own run."""

import functools

import pytest
import torch
from torch import nn

import plasticity_bench as pb
from benchmarks import bits
from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.networks import build_network, initial_parameters
from plasticity_bench.seeding import Branch, integer
from plasticity_bench.shipped import baseline_names
from tests.support.helpers import SPEC, batch, replica, same, stacked_batch, train

pytestmark = pytest.mark.slow


class EveryHook(pb.Learner):
    """Uses each hook, memory and noise, so that nothing can leak between replicas unseen."""

    strength: float = 0.01
    vectorized = True

    def penalty(self, params, state):
        distances = [(params[k] - state.initial[k]).square().sum() for k in params]
        return self.strength * torch.stack(distances).sum() * state.memory["count"]

    def apply_gradients(self, gradients, state, noise):
        noisy = {k: g + 0.01 * noise.normal(g) for k, g in gradients.items()}
        return super().apply_gradients(noisy, state, noise)

    def observe_inputs(self, inputs, state, noise):
        mean = inputs.mean(0) + 0.01 * noise.normal(inputs[0])
        return state._replace(memory={**state.memory, "inputs": mean + state.step})

    def after_update(self, state, noise):
        params = {k: v + 0.001 * (noise.uniform(v) - 0.5) for k, v in state.params.items()}
        memory = {
            **state.memory,
            "count": state.memory["count"] + 1,
            "slow": {k: 0.9 * state.memory["slow"][k] + 0.1 * v for k, v in params.items()},
        }
        return state._replace(params=params, memory=memory)

    def memory(self, params):
        inputs = torch.zeros(SPEC.input_shape)
        return {"count": torch.zeros(()), "slow": params, "inputs": inputs}

    def begin_task(self, state, fresh, noise):
        params = {k: 0.5 * state.params[k] + 0.5 * fresh[k] for k in fresh}
        return state._replace(params=params)

    def predict_params(self, state):
        return state.memory["slow"]


class EveryHookLooped(EveryHook):
    vectorized = False


def plain_twin(seed, steps, make_optimizer, penalty=None):
    """One network trained as any PyTorch script does: module, autograd, torch.optim."""
    module = build_network(SPEC)
    start = initial_parameters(lambda: build_network(SPEC), integer(seed, Branch.PARAMETERS))
    module.load_state_dict(start)
    optimizer = make_optimizer(module.parameters())
    history = []
    for step in range(steps):
        inputs, targets = batch(seed, step)
        logits = module(inputs)
        loss = nn.functional.cross_entropy(logits, targets)
        history.append((loss.item(), (logits.argmax(-1) == targets).float().mean().item()))
        total = loss if penalty is None else loss + penalty(dict(module.named_parameters()), start)
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
    return {name: value.detach() for name, value in module.named_parameters()}, history


@pytest.mark.parametrize("name", [*baseline_names(), "hooks"])
def test_a_replicas_run_does_not_depend_on_the_others(name):
    """Bit for bit: alone, in populations of several sizes, and in any order."""
    learner = EveryHook() if name == "hooks" else bits.acting(name)
    together = train(learner, [0, 1, 2, 3, 4, 5, 6, 7], 40)
    for seeds in ([3], [5, 3, 0]):
        other = train(learner, seeds, 40)
        assert same(replica(together, 3), replica(other, seeds.index(3)))


def test_replicas_differ():
    population = train(EveryHook(), [0, 1], 5)
    assert not torch.equal(*population.state.params["head.weight"])


def test_the_population_equals_plain_pytorch():
    """The slow, obvious twin: a module, autograd and torch.optim, one replica at a time."""
    seeds = [0, 1, 2]
    for learner, make in (
        (
            find_learner("sgd")(step_size=0.05, momentum=0.9),
            functools.partial(torch.optim.SGD, lr=0.05, momentum=0.9),
        ),
        (find_learner("adam")(step_size=1e-3), functools.partial(torch.optim.Adam, lr=1e-3)),
    ):
        population = train(learner, seeds, 0)
        for index, seed in enumerate(seeds):
            expected, history = plain_twin(seed, 100, make)
            population = train(learner, seeds, 0)
            for step in range(100):
                loss, accuracy = population.update(*stacked_batch(seeds, step))
                assert loss[index].item() == pytest.approx(history[step][0], abs=1e-4)
                assert accuracy[index].item() == pytest.approx(history[step][1])
            for name, value in expected.items():
                ours = population.state.params[name][index]
                torch.testing.assert_close(ours, value, rtol=0, atol=2e-4)


def test_the_penalty_is_differentiated_as_in_plain_pytorch():
    def penalty(params, start):
        return 0.005 * sum((value - start[name]).square().sum() for name, value in params.items())

    expected, _ = plain_twin(4, 100, functools.partial(torch.optim.SGD, lr=0.05), penalty)
    population = train(find_learner("l2_init")(optimizer="sgd", step_size=0.05), [4], 100)
    for name, value in expected.items():
        torch.testing.assert_close(population.state.params[name][0], value, rtol=0, atol=1e-5)


def test_the_mapped_run_equals_the_looped_run():
    """`vectorized = False` runs the same hooks one replica at a time."""
    seeds = [0, 1, 2]
    mapped, looped = train(EveryHook(), seeds, 30), train(EveryHookLooped(), seeds, 30)
    mapped.begin_task(1)
    looped.begin_task(1)
    for step in range(30, 40):
        one, other = (p.update(*stacked_batch(seeds, step)) for p in (mapped, looped))
        torch.testing.assert_close(one, other, rtol=0, atol=1e-4)
    inputs, _ = stacked_batch(seeds, 99)
    torch.testing.assert_close(mapped.predict(inputs), looped.predict(inputs), rtol=0, atol=1e-3)
    for index in range(3):
        pairs = zip(replica(mapped, index), replica(looped, index), strict=True)
        for a, b in pairs:
            torch.testing.assert_close(a, b, rtol=0, atol=1e-3)


def test_hyperparameters_may_differ_between_replicas():
    """A grid is one population, and each point runs as it does alone."""
    seeds = [7, 7, 7, 8]
    points = [{"strength": s, "step_size": e} for s in (0.0, 0.1) for e in (1e-3, 3e-2)]
    for cls, tolerance in ((find_learner("l2_init"), 0), (EveryHook, 1e-5)):
        grid = [cls(**point) for point in points]
        together = train(grid, seeds, 20)
        for index, learner in enumerate(grid):
            alone = train(learner, [seeds[index]], 20)
            pairs = zip(replica(together, index), replica(alone, 0), strict=True)
            for ours, expected in pairs:
                torch.testing.assert_close(ours, expected, rtol=tolerance, atol=tolerance)


def test_settings_that_are_not_numbers_cannot_differ_between_replicas():
    replicas = [pb.Replica(0, pb.Learner()), pb.Replica(1, pb.Learner(optimizer="sgd"))]
    with pytest.raises(pb.BadInputError, match="differ in optimizer"):
        pb.Population(replicas, SPEC)


def test_tensors_that_begin_equal_are_kept_apart():
    """Both moments of Adam begin as zeros, and the anchor as the parameters: none may be shared."""
    population = train(find_learner("l2_init")(), [0], 3)
    state = population.state
    assert not torch.equal(
        state.moments["first"]["head.bias"], state.moments["second"]["head.bias"]
    )
    assert not torch.equal(state.params["head.bias"], state.initial["head.bias"])
    start = initial_parameters(lambda: build_network(SPEC), integer(0, Branch.PARAMETERS))
    assert torch.equal(state.initial["head.weight"][0], start["head.weight"])


def test_noise_is_new_at_every_step_and_its_own_for_every_task():
    class Recorder(pb.Learner):
        def memory(self, params):
            return {"noise": torch.zeros(4)}

        def after_update(self, state, noise):
            return state._replace(memory={"noise": noise.normal(torch.empty(4))})

        def begin_task(self, state, fresh, noise):
            return self.after_update(state, noise)

    population = train(Recorder(), [0, 1], 0)
    seen = []
    for step in range(3):
        population.update(*stacked_batch([0, 1], step))
        seen += population.state.memory["noise"].clone()
    for task in (1, 2):
        population.begin_task(task)
        seen += population.state.memory["noise"].clone()
    assert len({tuple(noise.tolist()) for noise in seen}) == len(seen) == 2 * 3 + 2 * 2


def test_noise_goes_on_after_a_restart():
    class Restarts(pb.Learner):
        def memory(self, params):
            return {"noise": torch.zeros(4)}

        def after_update(self, state, noise):
            return state._replace(memory={"noise": noise.normal(torch.empty(4))})

        def begin_task(self, state, fresh, noise):
            return self.restart(fresh)

    population = train(Restarts(), [0], 0)
    seen = set()
    for step in range(4):
        if step == 3:
            population.begin_task(1)
        population.update(*stacked_batch([0], step))
        seen.add(tuple(population.state.memory["noise"][0].tolist()))
    assert len(seen) == 4


def test_global_random_state_is_neither_read_nor_changed():
    torch.manual_seed(0)
    before = torch.random.get_rng_state()
    first = train(EveryHook(), [0], 3)
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.manual_seed(1)
    assert same(replica(first, 0), replica(train(EveryHook(), [0], 3), 0))


def test_predictions_count_before_the_update():
    population = train(find_learner("adam")(step_size=0.1), [0, 1], 0)
    inputs, targets = stacked_batch([0, 1], 0)
    logits = population.predict(inputs)
    before = (logits.argmax(-1) == targets).float().mean(-1)
    _, accuracy = population.update(inputs, targets)
    after = (population.predict(inputs).argmax(-1) == targets).float().mean(-1)
    assert torch.equal(accuracy, before)
    assert not torch.equal(accuracy, after)


def test_one_diverged_replica_leaves_the_others_as_they_are():
    grid = [pb.Learner(optimizer="sgd", step_size=s) for s in (0.01, 1e30, 0.01)]
    together = train(grid, [0, 1, 2], 20)
    assert not together.state.params["head.weight"][1].isfinite().all()
    assert same(replica(together, 2), replica(train(grid[2], [2], 20), 0))


# ---- what a learner does wrong, and what its author is told -----------------------------------


class ReadsAValue(pb.Learner):
    def penalty(self, params, state):
        size = sum(value.square().sum() for value in params.values())
        return size * size.item()


class BranchesOnATensor(pb.Learner):
    def after_update(self, state, noise):
        if state.step > 3:
            return state
        return state


class ShapeDependsOnData(pb.Learner):
    def penalty(self, params, state):
        weight = params["head.weight"]
        return weight[weight > 0].sum()


class DrawsGlobally(pb.Learner):
    def after_update(self, state, noise):
        params = {k: v + torch.randn_like(v) for k, v in state.params.items()}
        return state._replace(params=params)


class Misspells(pb.Learner):
    def penalty(self, params, state):
        return params["haed.weight"].sum()


class SetsItself(pb.Learner):
    def after_update(self, state, noise):
        self.count = 1
        return state


@pytest.mark.parametrize(
    ("cls", "line", "words"),
    [
        (ReadsAValue, "in penalty: `return size * size.item()`", "reads a tensor's value"),
        (BranchesOnATensor, "in after_update: `if state.step > 3:`", "a tensor's value"),
        (ShapeDependsOnData, "`return weight[weight > 0].sum()`", "shape that depends"),
        (DrawsGlobally, "torch.randn_like(v)", "Use the hook's `noise` argument"),
        (Misspells, "`return params", "raised KeyError: 'haed.weight'"),
        (SetsItself, "`self.count = 1`", "belongs in the dictionary that memory() returns"),
    ],
)
def test_a_learners_fault_is_told_with_its_line(cls, line, words):
    with pytest.raises(pb.LearnerError) as caught:
        train(cls(), [0, 1], 1)
    message = str(caught.value)
    assert message.startswith("test_population.py:")
    assert line in message
    assert words in message
    if cls not in (Misspells, SetsItself):
        assert "vectorized = False" in message


@pytest.mark.parametrize("cls", [ReadsAValue, BranchesOnATensor, ShapeDependsOnData])
def test_vectorized_false_is_the_way_out(cls):
    looped = type("Looped", (cls,), {"vectorized": False, "__module__": cls.__module__})
    train(looped(), [0, 1], 5)


def test_hyperparameters_are_checked():
    with pytest.raises(pb.BadInputError, match="no hyperparameter 'strenght'. Did you mean"):
        EveryHook(strenght=1.0)
    with pytest.raises(pb.BadInputError, match=r"strength: input should be greater than or equal"):
        EveryHook(strength=-1.0)
    with pytest.raises(
        pb.BadInputError, match=r"strength: input should be a valid number, not 'a'"
    ):
        EveryHook(strength="a")
    with pytest.raises(pb.BadInputError, match="unknown optimizer 'adm'. Did you mean 'adam'"):
        EveryHook(optimizer="adm")
    with pytest.raises(pb.BadInputError, match="momentum has no effect with the optimizer 'adam'"):
        EveryHook(momentum=0.9)
    assert EveryHook(strength=1).hyperparameters()["strength"] == 1.0


def test_a_population_goes_back_to_a_state_that_was_kept():
    spec = pb.NetworkSpec(hidden=(6,), input_shape=(4,), num_outputs=3)
    first, second = (
        pb.Population([pb.Replica(s, pb.Learner()) for s in (0, 1)], spec) for _ in "ab"
    )
    batches = torch.randn(6, 2, 5, 4), torch.randint(3, (6, 2, 5))
    for update in range(3):
        first.update(batches[0][update], batches[1][update])
    second.load(first.tensors())
    for update in range(3, 6):
        results = [p.update(batches[0][update], batches[1][update]) for p in (first, second)]
        assert all(torch.equal(a, b) for a, b in zip(*results))
    ours, theirs = first.tensors(), second.tensors()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_a_population_refuses_the_state_of_other_replicas():
    spec = pb.NetworkSpec(hidden=(6,), input_shape=(4,), num_outputs=3)
    two, three = (
        pb.Population([pb.Replica(s, pb.Learner()) for s in range(n)], spec) for n in (2, 3)
    )
    before = two.tensors()
    for refuse in (two.load, two.check_state):
        with pytest.raises(pb.BadInputError, match="the state of other replicas: .* differs"):
            refuse(three.tensors())
        with pytest.raises(pb.BadInputError, match="the state of other replicas: .* differs"):
            refuse(dict(list(before.items())[1:]))
    assert all(torch.equal(before[name], value) for name, value in two.tensors().items())


def test_to_check_a_state_changes_nothing():
    spec = pb.NetworkSpec(hidden=(6,), input_shape=(4,), num_outputs=3)
    first, second = (pb.Population([pb.Replica(seed, pb.Learner())], spec) for seed in (0, 1))
    before = second.tensors()
    second.check_state(first.tensors())
    assert all(torch.equal(before[name], value) for name, value in second.tensors().items())


@pytest.mark.parametrize("seed", [-1, 3.0, "3", None, True])
def test_a_seed_is_a_whole_number_of_at_least_0(seed):
    with pytest.raises(pb.BadInputError, match=r"seed must be a whole number of at least 0, not "):
        pb.Replica(seed, pb.Learner())


def test_a_replica_has_a_learner_and_not_its_class():
    with pytest.raises(pb.BadInputError, match=r"learner must be a learner, as `Learner\(\)`"):
        pb.Replica(0, pb.Learner)


class UnitWeights(pb.Learner):
    """Scales each parameter to a norm of one where a task begins."""

    spectral: bool = False

    def begin_task(self, state, fresh, noise):
        def norm(value):
            if self.spectral and value.ndim == 2:
                return torch.linalg.svdvals(value)[0]
            return value.square().sum().sqrt()

        return state._replace(params={k: v / norm(v) for k, v in state.params.items()})


@pytest.mark.parametrize(
    ("spectral", "expected"), [(False, ()), (True, ("aten._linalg_svd.default",))]
)
def test_what_hooks_beside_the_update_call_of_pytorch_is_named(spectral, expected):
    replicas = [pb.Replica(seed, UnitWeights(spectral=spectral)) for seed in (0, 1)]
    population = pb.Population(replicas, SPEC)
    population.update(*stacked_batch([0, 1], 0))
    assert population.varies == ()
    before = population.tensors()
    population.begin_task(1)
    assert population.varies == expected
    for name, value in population.state.params.items():
        old = before[f"[0].params['{name}']"].double()
        norms = [
            torch.linalg.matrix_norm(one, 2) if spectral and one.ndim == 2 else one.norm()
            for one in old
        ]
        for one, norm, new in zip(old, norms, value, strict=True):
            assert torch.allclose(new.double(), one / norm, rtol=1e-5)
