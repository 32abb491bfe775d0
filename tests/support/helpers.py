"""Small things that several tests need."""

from contextlib import contextmanager

import torch

import plasticity_bench as pb
from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.networks import initial_parameters
from plasticity_bench.scoring.scores import Score
from plasticity_bench.seeding import Branch, integer

SPEC = pb.NetworkSpec(hidden=(16, 12), input_shape=(4, 4), num_outputs=5)


@contextmanager
def as_before(registered):
    """Forget, after the block, what it registers in a dictionary."""
    known = dict(registered)
    yield
    registered.clear()
    registered.update(known)


def batch(seed, step, size=8, spec=SPEC):
    """One replica's mini-batch, a function of its seed and the step."""
    generator = torch.Generator().manual_seed(seed * 100_003 + step)
    inputs = torch.randn(size, *spec.input_shape, generator=generator)
    return inputs, torch.randint(spec.num_outputs, (size,), generator=generator)


def stacked_batch(seeds, step, size=8, spec=SPEC):
    inputs, targets = zip(*(batch(seed, step, size, spec) for seed in seeds), strict=True)
    return torch.stack(inputs), torch.stack(targets)


def train(learners, seeds, steps, spec=SPEC):
    """A population after some updates. `learners`: one for all seeds, or one for each."""
    if isinstance(learners, pb.Learner):
        learners = [learners] * len(seeds)
    replicas = [pb.Replica(seed, learner) for seed, learner in zip(seeds, learners, strict=True)]
    population = pb.Population(replicas, spec)
    for step in range(steps):
        population.update(*stacked_batch(seeds, step, spec=spec))
    return population


def replica(population, index):
    """All of one replica's tensors, as one flat list."""
    leaves = torch.utils._pytree.tree_leaves(population.state)
    return [leaf[index] for leaf in leaves]


def same(one, other):
    """Are two lists of tensors equal in every bit?"""
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def new_state(name, spec=SPEC, **hyperparameters):
    """A baseline, and one network's state before its first update."""
    learner = find_learner(name)(**hyperparameters)
    learner = learner.on_network(learner.build(spec))
    params = initial_parameters(lambda: learner.build(spec), 0)
    return learner, learner.restart(params)


def moved(params, scale=0.3, seed=5):
    """Parameters, or tensors of their shapes, with noise added."""
    generator = torch.Generator().manual_seed(seed)
    return {k: v + scale * torch.randn(v.shape, generator=generator) for k, v in params.items()}


def plain_run(learner, seed, steps, optimizer, *, penalty=None, after=None, spec=SPEC):
    """One network trained as a script does it: module, autograd, torch.optim; its parameters.

    `penalty(module, start)` is added to the loss; `after(module, start, step)` follows an update.
    """
    module = learner.build(spec)
    start = initial_parameters(lambda: learner.build(spec), integer(seed, Branch.PARAMETERS))
    module.load_state_dict(start)
    optimizer = optimizer(module.parameters())
    for step in range(steps):
        inputs, targets = batch(seed, step, spec=spec)
        loss = torch.nn.functional.cross_entropy(module(inputs), targets)
        if penalty is not None:
            loss = loss + penalty(module, start)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if after is not None:
            with torch.no_grad():
                after(module, start, step + 1)
    return {name: value.detach() for name, value in module.named_parameters()}


def assert_equals_plain(learner, optimizer, steps=40, atol=1e-4, **hooks):
    """A population's replica ends where the direct implementation ends."""
    population = train(learner, [3, 1], steps)
    expected = plain_run(learner, 1, steps, optimizer, **hooks)
    for name, value in expected.items():
        ours = population.state.params[name][1]
        torch.testing.assert_close(
            ours, value, rtol=0, atol=atol, msg=lambda m, n=name: f"{n}: {m}"
        )


def a_score(trainability=0.5, curvature_retention=0.5, **changes):
    """The score of a run that did not diverge."""
    values = dict(  # noqa: C408
        trainability=trainability, retained_plasticity=trainability,
        curvature_retention=curvature_retention, online_accuracy=0.5, test_accuracy=float("nan"),
        updates_to_target=float("nan"), curvature_to_reference=curvature_retention, accuracy=0.5,
        curvature=10.0, diverged=False, seconds=1.0,
    )  # fmt: skip
    return Score(**{**values, **changes})
