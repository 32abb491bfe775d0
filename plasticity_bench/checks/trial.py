"""A short run of a learner on digits or on a suite's stream, shared by its checks."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from plasticity_bench.checks.generators import seeded_generators
from plasticity_bench.errors import LearnerError
from plasticity_bench.evaluation.batch_independence import check_batch_independence
from plasticity_bench.evaluation.stacked_task import StackedTask
from plasticity_bench.learners.learner import Learner
from plasticity_bench.networks import NetworkSpec
from plasticity_bench.programs.population import Population, Replica
from plasticity_bench.streams import Stream, make_stream

NETWORKS = {
    "mlp": NetworkSpec(hidden=(24, 16), input_shape=(8, 8), num_outputs=10),
    "cnn": NetworkSpec(
        name="cnn", channels=(4, 6), kernel_size=3, hidden=(16,), input_shape=(8, 8), num_outputs=10
    ),
    "vit": NetworkSpec(
        name="vit", patch_size=4, dim=12, depth=1, heads=2, input_shape=(8, 8), num_outputs=10
    ),
}
"""Of each family, a small network."""

SEEDS = (0, 1, 2)
OTHER_SEEDS = (0, 101, 102)
UPDATES = 20  # of a task
EXAMPLES = 128  # of a task; predictions are compared on all of them
ROUNDING = 1e-3  # relative and absolute
LEGS = ((0, 0, UPDATES), (1, 0, UPDATES // 2), (1, UPDATES // 2, UPDATES))  # task, from, to


@dataclass(frozen=True)
class Trajectory:
    """The recorded outputs and state of a population.

    Attributes:
        seen: (replicas, ...) each, by (leg, name): losses, logits, and its state after the leg.
        targets: of the first task's examples, (replicas, examples).
        moved: names of the global random generators that it used.
    """

    seen: dict[tuple[int, str], Tensor]
    targets: Tensor
    moved: list[str]

    def same(self, other: "Trajectory", index: int = 0, other_index: int = 0) -> bool:
        """Whether a replica's compared tensors are bit-identical in both.

        NaN equals NaN.
        """
        shared = self.seen.keys() & other.seen.keys()
        return all(_same(self.seen[k][index], other.seen[k][other_index]) for k in shared)

    def all_same(self, other: "Trajectory") -> bool:
        """Whether every replica did the same in both."""
        return all(self.same(other, index, index) for index, _ in enumerate(SEEDS))

    def close(self, other: "Trajectory", index: int, other_index: int) -> bool:
        """Whether a replica did the same up to rounding, which grows from update to update."""
        return self.seen.keys() == other.seen.keys() and all(
            _close(value[index], other.seen[key][other_index]) for key, value in self.seen.items()
        )

    def all_close(self, other: "Trajectory") -> bool:
        """Whether every replica did the same up to rounding."""
        return all(self.close(other, index, index) for index, _ in enumerate(SEEDS))

    def not_finite(self) -> str:
        """Name the first of losses, logits and parameters that is not finite."""
        for (leg, name), value in self.seen.items():
            if (name[0] != "[" or ".params" in name) and not value.isfinite().all():
                return f"{name} in task {LEGS[leg][0]}"
        return ""

    def loss(self, name: str) -> float:
        """Mean cross-entropy of logits of the first leg, over replicas and examples."""
        logits = self.seen[0, name].flatten(0, 1)
        return functional.cross_entropy(logits, self.targets.flatten()).item()

    def state(self, leg: int) -> dict[str, Tensor]:
        """The population's own tensors after a leg."""
        return {
            name: v
            for (state_leg, name), v in self.seen.items()
            if state_leg == leg and name[0] == "["
        }


class Trial:
    """A learner on a network, and its runs that several checks compare.

    Attributes:
        stream: whose first two tasks it is trained on; None for small tasks on digits.
    """

    def __init__(
        self,
        learner: Learner,
        network: NetworkSpec = NETWORKS["mlp"],
        stream: Stream | None = None,
    ) -> None:
        self.learner, self.network, self.stream = learner, network, stream

    def run(
        self,
        seeds: Sequence[int] = SEEDS,
        learner: Learner | Sequence[Learner] | None = None,
        **options: Any,
    ) -> Trajectory:
        """Train replicas of the learner, or of another one, as `run`."""
        return run(learner or self.learner, self.network, seeds, stream=self.stream, **options)

    @cached_property
    def first(self) -> Trajectory:
        """The first run in this process."""
        return self.run()

    @cached_property
    def again(self) -> Trajectory:
        """A second run, with nothing changed."""
        assert self.first
        return self.run()

    @cached_property
    def elsewhere(self) -> Trajectory | None:
        """A run in which everything differs that must not affect the replica at index 0.

        The other replicas, one of whom diverges, and the global random generators; None if a hook
        raises.
        """
        assert self.first
        try:
            return self.run(OTHER_SEEDS, spoiled=2, global_seed=1)
        except LearnerError:
            return None

    @property
    def is_steady(self) -> bool:
        """Whether none of that had an effect; single causes are searched only if not."""
        return self.elsewhere is not None and self.first.same(self.elsewhere)

    @property
    def settled(self) -> Trajectory:
        """The run that others are compared with."""
        return self.first if self.is_steady else self.again


def run(
    learner: Learner | Sequence[Learner],
    network: NetworkSpec,
    seeds: Sequence[int] = SEEDS,
    *,
    spoiled: int | None = None,
    resumed: Trajectory | None = None,
    global_seed: int = 0,
    stream: Stream | None = None,
) -> Trajectory:
    """Train replicas on two tasks, of digits unless a stream is given.

    Boundaries are revealed. It computes in one thread, since only then are runs bit-identical.

    Args:
        learner: of all replicas, or one for each.
        network: of all replicas.
        seeds: of the replicas.
        spoiled: the index of a replica whose inputs are NaN.
        resumed: a run of such replicas to resume in the middle of its second task.
        global_seed: of the global random generators, which are restored afterwards.
        stream: whose first two tasks they are; its only one twice, if it has no more.

    Raises:
        LearnerError: if a hook raises, or returns an invalid value.
    """
    seen: dict[tuple[int, str], Tensor] = {}
    with _one_thread(), seeded_generators(global_seed) as moved:
        learners = [learner] * len(seeds) if isinstance(learner, Learner) else learner
        replicas = [Replica(*pair) for pair in zip(seeds, learners, strict=True)]
        population = Population(replicas, network)
        tasks = _tasks(stream or _digits(), list(seeds), population.device)
        examples = [task.train.first(min(EXAMPLES, task.train.size)) for task in tasks]
        first_leg = len(LEGS) - 1 if resumed else 0
        if resumed:
            population.load(resumed.state(first_leg - 1))
        else:
            seen[0, "untrained"] = population.predict(examples[0][0])
        for leg in range(first_leg, len(LEGS)):
            index, start, stop = LEGS[leg]
            if index > 0 and start == 0:
                population.begin_task(index)
            for update, batch in enumerate(islice(tasks[index].batches(), stop)):
                if spoiled is not None:
                    batch.inputs[spoiled] = torch.nan
                if start <= update:
                    losses, _ = population.update(batch.inputs, batch.targets)
                    seen[leg, f"loss {update}"] = losses
            seen[leg, "logits"] = population.predict(examples[index][0])
            seen |= {(leg, name): value for name, value in population.tensors().items()}
            check_batch_independence(
                population.module,
                population.predicting,
                examples[index][0],
                batch.inputs.shape[1],
                seen[leg, "logits"],
            )
        population.check_hooks()
        return Trajectory(seen, examples[0][1], moved())


def _tasks(stream: Stream, seeds: list[int], device: torch.device) -> list[StackedTask]:
    indices = (0, min(1, stream.num_tasks - 1))
    return [StackedTask(stream, seeds, index, device) for index in indices]


def _digits() -> Stream:
    return make_stream(
        "plasticity/PermutedClassDigits-v0",
        num_tasks=2,
        updates_per_task=UPDATES,
        num_examples=EXAMPLES,
        batch_size=16,
    )


@contextmanager
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _close(one: Tensor, other: Tensor) -> bool:
    return torch.allclose(one, other, rtol=ROUNDING, atol=ROUNDING, equal_nan=True)


def _same(one: Tensor, other: Tensor) -> bool:
    return bool(((one == other) | (one.isnan() & other.isnan())).all())
