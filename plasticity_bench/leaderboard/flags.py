"""A learner's flags, computed from its class and one update."""

import torch

from plasticity_bench.leaderboard.manifest import Flags
from plasticity_bench.learners.learner import Learner
from plasticity_bench.networks import NetworkSpec
from plasticity_bench.programs.population import Population, Replica
from plasticity_bench.suite.suite import Suite

BATCH = 8


def flags_of(learner: Learner, suite: Suite) -> Flags:
    """Return the flags of a learner on the network of a suite's first stream."""
    suite_stream = suite.streams[0]
    return Flags(
        boundaries=learner.overrides("begin_task"),
        extra_passes=extra_passes(learner, suite_stream.network, suite_stream.stream.regression),
        memory=round(memory(learner, suite_stream.network), 4),
    )


def extra_passes(learner: Learner, spec: NetworkSpec, regression: bool = False) -> int:
    """Return the passes through the network per update beyond the one that all learners need."""
    calls: list[int] = []
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(1, BATCH, *spec.input_shape, generator=generator)
    if regression:
        targets = torch.randn(1, BATCH, spec.num_outputs, generator=generator)
    else:
        targets = torch.randint(spec.num_outputs, (1, BATCH), generator=generator)
    Population([Replica(0, learner)], spec).update(inputs, targets)  # the first repeats its hooks
    population = Population([Replica(0, learner)], spec)
    population.module.register_forward_pre_hook(lambda *_: calls.append(1))
    population.update(inputs, targets)
    return len(calls) - 1


def memory(learner: Learner, spec: NetworkSpec) -> float:
    """Return the numbers that a learner stores per parameter."""
    state = Population([Replica(0, learner)], spec).state
    leaves = torch.utils._pytree.tree_leaves(state.memory)
    kept = sum(leaf.numel() for leaf in leaves)
    return float(kept / sum(value.numel() for value in state.params.values()))
