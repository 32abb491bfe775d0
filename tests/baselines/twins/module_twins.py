"""A learner beside a transcription of its source's arithmetic, on the same batches.

Both compute in float64, so that a difference of more than 1e-6 after 200 updates is one of the
arithmetic and not of rounding. The learner is stepped through its hooks; that a recorded update
does what the hooks do is tested elsewhere.
"""

import copy
from contextlib import contextmanager

import pytest
import torch
from torch.nn import functional

import plasticity_bench as pb
from plasticity_bench.learners.noise import Noise, fold
from plasticity_bench.recording import replica_update
from plasticity_bench.recording.replica_update import ReplicaUpdate
from tests.support.helpers import batch

MLP = pb.NetworkSpec(hidden=(8, 8), input_shape=(4, 2), num_outputs=3)
CNN = pb.NetworkSpec(name="cnn", channels=(3, 4), hidden=(8,), input_shape=(8, 8), num_outputs=3)
SPECS = {"mlp": MLP, "cnn": CNN}
NETWORKS = pytest.mark.parametrize("network", ["mlp", pytest.param("cnn", marks=pytest.mark.slow)])
UPDATES = 200
BATCHES = 20
"""Of random targets, over and over: few enough that a network can learn them."""


@contextmanager
def float64():
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


class Twin:
    """A module that a source's arithmetic trains; subclasses have `step`."""

    def __init__(self, module):
        self.module = module
        self.params = list(module.parameters())
        self.count = 0

    def loss(self, inputs, targets):
        return functional.cross_entropy(self.module(inputs), targets)

    def gradients(self, loss, **options):
        return torch.autograd.grad(loss, self.params, **options)

    def begin_task(self):
        pass


class Adam:
    """Adam of `torch.optim`, given gradients."""

    def __init__(self, params, **settings):
        self.params = list(params)
        self.optimizer = torch.optim.Adam(self.params, **settings)

    def step(self, gradients):
        for param, gradient in zip(self.params, gradients, strict=True):
            param.grad = gradient.detach().clone()
        self.optimizer.step()


def difference(learner, make, network, *, task=0, batches=BATCHES):
    """Return the largest difference of any parameter, and how far parameters have moved.

    Args:
        learner: of the project.
        make: from a module to its `Twin`.
        network: a name in `SPECS`.
        task: a task begins before every so many updates; 0: none does.
        batches: how many different ones there are.
    """
    spec = SPECS[network]
    with float64():
        torch.manual_seed(0)
        module = learner.build(spec)
        start = {name: value.detach().clone() for name, value in module.named_parameters()}
        update = ReplicaUpdate.of(learner, module, spec)
        state = replica_update.restart(learner, start, spec=spec)
        twin = make(copy.deepcopy(module))
        for step in range(UPDATES):
            inputs, targets = batch(0, step % batches, spec=spec)
            key = fold(torch.tensor(5), step)
            if task and step and step % task == 0:
                state = replica_update.begin_task(learner, state, key, start)
                twin.begin_task()
            state = update.update(learner, state, key, inputs, targets)
            twin.count += 1
            twin.step(inputs, targets, Noise(key))
        others = dict(twin.module.named_parameters())
        apart = max((value - others[k]).abs().max().item() for k, value in state.params.items())
        moved = max((value - start[k]).abs().max().item() for k, value in state.params.items())
        return apart, moved


def assert_twins(learner, make, network, **options):
    apart, moved = difference(learner, make, network, **options)
    print(f"{type(learner).__name__} {network}: {apart:.1e} after moving by {moved:.2f}")
    assert apart <= 1e-6
    assert moved > 0.01
