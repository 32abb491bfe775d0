"""Small things that several tests need."""

import torch

import plasticity_bench as pb

SPEC = pb.NetworkSpec(hidden=(16, 12), input_shape=(4, 4), num_outputs=5)


def batch(seed, step, size=8, spec=SPEC):
    """One member's mini-batch, a function of its seed and the step."""
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
    members = [pb.Member(seed, learner) for seed, learner in zip(seeds, learners, strict=True)]
    population = pb.Population(members, spec)
    for step in range(steps):
        population.update(*stacked_batch(seeds, step, spec=spec))
    return population


def member(population, index):
    """All of one member's tensors, as one flat list."""
    leaves = torch.utils._pytree.tree_leaves(population.state)
    return [leaf[index] for leaf in leaves]


def same(one, other):
    """Are two lists of tensors equal in every bit?"""
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))
