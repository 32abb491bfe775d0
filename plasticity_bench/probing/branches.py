"""Branches from the ends of runs: the next task of the stream, learnt under every condition."""

import copy
from dataclasses import dataclass, replace

import torch
from torch import nn

from plasticity_bench.evaluation.evaluation import Evaluation, Progress, Values
from plasticity_bench.evaluation.evaluator import evaluate
from plasticity_bench.evaluation.protocol import Diagnostic, Protocol
from plasticity_bench.evaluation.stacked_task import StackedTask
from plasticity_bench.learners.learner import Learner, State
from plasticity_bench.learners.optimizers import Params
from plasticity_bench.networks import NetworkSpec
from plasticity_bench.probing.conditions import ADAM, FRESH, OWN, OWN_FRESH, OWN_RESET, STEP_SIZES
from plasticity_bench.probing.factors import FACTORS
from plasticity_bench.probing.worn import NotApplicableError, Worn
from plasticity_bench.programs.population import Population, Replica
from plasticity_bench.streams.stream import Stream

LOOKED_AT = ("parameter_norm", "dormant_units", "feature_rank", "isometry")
"""What is measured at the start of the probing task beside the curvature: it shows what a restored
factor changes of the others."""

Numbers = dict[str, Values]
"""By name of the measurement, (replicas,)."""


@dataclass(frozen=True)
class Branches:
    """What a population reached on the probing task.

    Attributes:
        numbers: by condition: the task metric and the loss at the task's end, the curvature and
            `LOOKED_AT` at its start.
        missing: by condition that the network does not have, the reason.
    """

    numbers: dict[str, Numbers]
    missing: dict[str, str]


@dataclass(frozen=True)
class ProbingTask:
    """The task that is learnt under all conditions.

    Attributes:
        stream: that of the runs with one more task, the probing task.
        protocol: of the runs.
        network: that learners are asked to build.
        step_size: of Adam.
    """

    stream: Stream
    protocol: Protocol
    network: NetworkSpec
    step_size: float

    @property
    def index(self) -> int:
        """The index of the probing task."""
        return self.stream.num_tasks - 1

    @property
    def examples(self) -> int:
        """How many of its examples are measured."""
        return self.protocol.curvature_examples


def branch(population: Population, end: Progress, task: ProbingTask) -> Branches:
    """Return what a population reaches on the probing task under every condition.

    Args:
        population: of the runs; it is changed.
        end: the progress of the runs after their last task.
        task: the probing task.
    """
    numbers = {}
    population.load(end.population)
    params = _copied(population.predicting)
    numbers[OWN] = _learnt(population, task, task.protocol, end.evaluation)
    population.load(end.population)
    population.state = _without_moments(population.state)
    numbers[OWN_RESET] = _learnt(population, task, task.protocol, end.evaluation)
    restarting = replace(task.protocol, restarts=True)
    numbers[OWN_FRESH] = _learnt(population, task, restarting, end.evaluation)
    population.restart(task.index, num_updates=0)
    fresh = _copied(population.predicting)

    starts, missing = _restored(_worn(population, params, fresh, task))
    starts = {ADAM: params, **starts, FRESH: fresh}
    for condition, factor in STEP_SIZES.items():
        learner = plain_adam(population, factor * task.step_size)
        replicas = [Replica(replica.seed, learner) for replica in population.replicas]
        adam = Population(replicas, task.network, device=population.device)
        newly_made = adam.tensors()
        for name, start in starts.items() if condition == ADAM else [(condition, params)]:
            adam.load(newly_made)
            adam.state = adam.state._replace(params=_copied(start), initial=_copied(start))
            numbers[name] = _learnt(adam, task, task.protocol, end.evaluation)
    return Branches(numbers, missing)


def plain_adam(population: Population, step_size: float) -> Learner:
    """Return Adam with nothing added to it, on the network of a population."""
    record, module = population.record, population.module

    class PlainAdam(Learner):
        vectorized = record is not None

        def build(self, spec: NetworkSpec) -> nn.Module:
            return copy.deepcopy(module) if record is None else record.module()

    return PlainAdam(step_size=step_size)


def _worn(population: Population, params: Params, fresh: Params, task: ProbingTask) -> Worn:
    seeds = tuple(replica.seed for replica in population.replicas)
    examples = StackedTask(task.stream, list(seeds), task.index, population.device).train
    inputs, _ = examples.first(task.examples)
    return Worn(population.module, params, fresh, inputs, seeds, population.example_inputs)


def _restored(worn: Worn) -> tuple[dict[str, Params], dict[str, str]]:
    """By factor, the parameters in which it is restored; and why it is not, where there is none."""
    params, missing = {}, {}
    for name, restored in FACTORS.items():
        try:
            params[name] = restored(worn)
        except NotApplicableError as error:
            missing[name] = str(error)
    return params, missing


def _learnt(
    population: Population, task: ProbingTask, protocol: Protocol, evaluation: Evaluation
) -> Numbers:
    """Train a population on the probing task from the state that it is in."""
    diverged = Evaluation(diverged_at=evaluation.diverged_at)
    begun = Progress.before_task(task.index, diverged, population.tensors())
    diagnostics = tuple(Diagnostic(name, every=1, examples=task.examples) for name in LOOKED_AT)
    protocol = replace(protocol, diagnostics=diagnostics)
    measured = evaluate(task.stream, population, protocol, begun=begun).measurements
    ends = ("accuracy", "r_squared", "loss")
    return {
        m.name: m.values
        for m in measured
        if "/" not in m.name and (m.when == "start" or (m.when == "end" and m.name in ends))
    }


def _without_moments(state: State) -> State:
    """The state with the optimiser's averages and its count of updates at zero."""
    moments = {
        moment: {name: torch.zeros_like(value) for name, value in averages.items()}
        for moment, averages in state.moments.items()
    }
    return state._replace(moments=moments, step=torch.zeros_like(state.step))


def _copied(params: Params) -> Params:
    return {name: value.clone() for name, value in params.items()}
