"""The protocol: for each task, measure at the start, train for its updates, measure at the end.

A learner's own fresh copy restarts at each scored task and is trained on no other. Restarted tasks
do not depend on one another.
"""

from collections.abc import Callable

import numpy as np

from plasticity_bench.evaluation.evaluation import Evaluation, Progress
from plasticity_bench.evaluation.protocol import Protocol
from plasticity_bench.evaluation.recorder import Recorder
from plasticity_bench.evaluation.stacked_task import StackedTask
from plasticity_bench.evaluation.task_training import Keeper, TaskTraining
from plasticity_bench.programs.population import Population
from plasticity_bench.streams.stream import Stream


def evaluate(
    stream: Stream,
    population: Population,
    protocol: Protocol,
    on_task: Callable[[int], None] = lambda _: None,
    keeper: Keeper | None = None,
    begun: Progress | None = None,
) -> Evaluation:
    """Return what a population does on a stream.

    Args:
        stream: the tasks; every replica sees those of its own seed.
        population: newly made, or loaded with the state in `begun`; it is trained in place.
        protocol: what to measure, and when.
        on_task: called with the index of each task that is finished.
        keeper: stores progress.
        begun: progress to resume from, of the same stream, replicas and protocol.
    """
    seeds = [replica.seed for replica in population.replicas]
    evaluation = (
        begun.evaluation.copy() if begun else Evaluation(diverged_at=np.full(len(seeds), -1))
    )
    if stream.resets_head:
        assert population.head  # raises where it is not known, before anything is trained
    recorder = Recorder(population, protocol, evaluation, stream)
    task = None
    for index in protocol.trained_tasks(stream.num_tasks, stream.scored_tasks()):
        if begun and index < begun.task:
            continue
        task = StackedTask(stream, seeds, index, population.device, before=task)
        recorder.enter(task)
        interrupted = begun if begun and index == begun.task and begun.update else None
        if not interrupted:
            _enter_task(population, stream, protocol, index)
            recorder.record_start(task)
        training = TaskTraining(population, task, recorder.needs_updates, interrupted)
        curve = training.run(task.batches(training.num_done), evaluation, keeper)
        recorder.record_end(task, *curve, training)
        on_task(index)
        if keeper and keeper.due(task_ended=True):
            keeper.keep(Progress.before_task(index + 1, evaluation, population.tensors()))
    population.check_hooks()
    return evaluation


def _enter_task(population: Population, stream: Stream, protocol: Protocol, index: int) -> None:
    """What happens before a task but the first: a restart; or a new head and the learner's hook."""
    if index == 0:
        return
    if stream.resets_head and not protocol.restarts:
        population.reset_head()
    if protocol.reveal_boundaries and not protocol.restarts:
        population.begin_task(index)
    if protocol.restarts:
        population.restart(index, num_updates=sum(map(stream.updates, range(index))))
