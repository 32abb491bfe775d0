"""Everything of a population stays on its device, and an update never waits for it.

The meta device has shapes and no numbers: what mixes it with the CPU, or asks for a number, raises.
"""

import pytest
import torch

import plasticity_bench as pb
from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.running.execution import Execution
from plasticity_bench.shipped import baseline_names
from tests.support.helpers import SPEC, stacked_batch

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")


def population(learner, device, seeds=(0, 1, 2), compiles=False):
    replicas = [pb.Replica(seed, learner) for seed in seeds]
    return pb.Population(replicas, SPEC, device=device, compile_updates=compiles)


def leaves(population):
    return torch.utils._pytree.tree_leaves((population.state, population._keys, population._clock))


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [name for name in baseline_names() if find_learner(name).vectorized]
)
def test_an_update_stays_on_its_device(name):
    made = population(find_learner(name)(), "meta")
    inputs = torch.empty(3, 8, *SPEC.input_shape, device="meta")
    targets = torch.empty(3, 8, dtype=torch.int64, device="meta")
    results = [*made.update(inputs, targets), *made.update(inputs, targets)]
    made.begin_task(1)
    results.append(made.predict(inputs))
    assert {tensor.device.type for tensor in [*results, *leaves(made)]} == {"meta"}


class Waiting(pb.Learner):
    def after_update(self, state, noise):
        if float(state.params["head.bias"].sum()) > 1e9:
            return state
        return state


class Elsewhere(pb.Learner):
    def after_update(self, state, noise):
        bias = state.params["head.bias"] + torch.zeros(SPEC.num_outputs, device="cpu")
        return state._replace(params={**state.params, "head.bias": bias})


def test_a_hook_that_names_a_device_is_computed_on_the_populations():
    made = population(Elsewhere(), "meta")
    inputs = torch.empty(3, 8, *SPEC.input_shape, device="meta")
    made.update(inputs, torch.empty(3, 8, dtype=torch.int64, device="meta"))
    assert {tensor.device.type for tensor in leaves(made)} == {"meta"}


@pytest.mark.parametrize("learner", [Waiting()])
def test_the_meta_device_would_tell(learner):
    with pytest.raises(Exception, match=r"after_update|meta|device|data-dependent"):
        made = population(learner, "meta")
        made.update(
            torch.empty(3, 8, *SPEC.input_shape, device="meta"),
            torch.empty(3, 8, dtype=torch.int64, device="meta"),
        )


@pytest.mark.parametrize(
    ("device", "message"),
    [
        ("tpu", "choose auto, cpu, cuda"),
        ("cuda:x", "choose auto"),
        ("cuda:99", "CUDA devices here"),
    ],
)
def test_a_device_that_is_not_there_is_refused(device, message):
    with pytest.raises(pb.BadInputError, match=message):
        Execution(device=device)


def test_auto_is_a_gpu_if_there_is_one():
    assert Execution(device="auto").device == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.fixture
def deterministic():
    with Execution(device="cuda").in_effect():
        yield


@needs_gpu
@pytest.mark.usefixtures("deterministic")
@pytest.mark.parametrize("compiles", [False, True])
@pytest.mark.parametrize("name", ["sgd", "wasserstein", "shrink_and_perturb"])
def test_a_gpu_computes_what_a_cpu_computes(name, compiles):
    learner = find_learner(name)(step_size=1e-2, optimizer="sgd")
    on_cpu, on_gpu = population(learner, "cpu"), population(learner, "cuda", compiles=compiles)
    for step in range(20):
        batch = stacked_batch([0, 1, 2], step)
        on_cpu.update(*batch)
        on_gpu.update(*(tensor.cuda() for tensor in batch))
    assert on_gpu.fallback is None
    for one, other in zip(leaves(on_cpu), leaves(on_gpu), strict=True):
        torch.testing.assert_close(one, other.cpu(), rtol=1e-3, atol=1e-4)


@needs_gpu
@pytest.mark.usefixtures("deterministic")
def test_a_gpu_gives_the_same_bits_again():
    runs = []
    for _ in range(2):
        made = population(find_learner("adam")(), "cuda", compiles=True)
        for step in range(20):
            made.update(*(tensor.cuda() for tensor in stacked_batch([0, 1, 2], step)))
        runs.append(leaves(made))
    assert all(torch.equal(one, other) for one, other in zip(*runs, strict=True))


def test_a_callers_settings_are_put_back():
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with pytest.raises(ZeroDivisionError), Execution().in_effect():
            assert torch.get_num_threads() == 1
            assert torch.tensor(1e-39) * 1 == 0
            raise ZeroDivisionError
        assert torch.get_num_threads() == 2
        assert torch.tensor(1e-39) * 1 != 0
    finally:
        torch.set_num_threads(threads)
