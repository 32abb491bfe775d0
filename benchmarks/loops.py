"""Training one seed in plain PyTorch: a typical loop and an optimised one."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

import plasticity_bench as pb

EXAMPLES = 1024
Updates = Callable[[int], int]
"""Does at least the given number of updates, and returns the number of seed-updates done."""


def data(spec: pb.NetworkSpec) -> tuple[Tensor, Tensor]:
    """Return random examples of a network's input shape, and targets."""
    return torch.randn(EXAMPLES, *spec.input_shape), torch.randint(spec.num_outputs, (EXAMPLES,))


def optimizer(learner: str, module: nn.Module) -> torch.optim.Optimizer:
    """Return the optimiser that a learner uses."""
    kind = torch.optim.SGD if learner == "sgd" else torch.optim.Adam
    return kind(module.parameters(), lr=1e-3)


def penalty_of(learner: str, module: nn.Module) -> Callable[[], Tensor | float]:
    """Return the learner's regulariser, a direct translation of its paper's formula."""
    if learner == "l2_init":
        start = [p.detach().clone() for p in module.parameters()]
        return lambda: (
            1e-3
            * sum((p - s).square().sum() for p, s in zip(module.parameters(), start, strict=True))
        )
    if learner == "wasserstein":
        start = [p.detach().flatten().sort().values for p in module.parameters()]
        return lambda: (
            1e-3
            * sum(
                (p.flatten().sort().values - s).square().sum()
                for p, s in zip(module.parameters(), start, strict=True)
            )
        )
    return lambda: 0.0


def researcher(learner: str, spec: pb.NetworkSpec, batch: int) -> Updates:
    """Return the typical loop: a DataLoader, an optimiser, and the loss read after every update."""
    module = pb.build_network(spec)
    descent, penalty = optimizer(learner, module), penalty_of(learner, module)
    loader = DataLoader(TensorDataset(*data(spec)), batch_size=batch, shuffle=True, drop_last=True)

    def forever() -> Iterator[list[Tensor]]:
        while True:
            yield from loader

    batches, loss_of = forever(), nn.CrossEntropyLoss()

    def updates(count: int) -> int:
        seen = 0.0
        for _ in range(count):
            inputs, targets = next(batches)
            descent.zero_grad()
            loss = loss_of(module(inputs), targets) + penalty()
            loss.backward()
            descent.step()
            seen += loss.item()
        return count

    return updates


def careful(learner: str, spec: pb.NetworkSpec, batch: int) -> Updates:
    """Return the optimised loop: indexed tensors, a fused optimiser, and no loss read."""
    module = pb.build_network(spec)
    penalty = penalty_of(learner, module)
    kind = torch.optim.SGD if learner == "sgd" else torch.optim.Adam
    descent = kind(module.parameters(), lr=1e-3, fused=True)
    inputs, targets = data(spec)
    loss_of = nn.CrossEntropyLoss()

    def updates(count: int) -> int:
        for _ in range(count):
            rows = torch.randint(EXAMPLES, (batch,))
            loss = loss_of(module(inputs[rows]), targets[rows]) + penalty()
            descent.zero_grad(set_to_none=True)
            loss.backward()
            descent.step()
        return count

    return updates
