"""How well a task was learnt: over all of its examples, by accuracy or by explained variance."""

from collections.abc import Iterable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from plasticity_bench.learners.losses import example_losses, mean_merit

Values = NDArray[np.float64]


def merit_and_loss(batches: Iterable[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """Return the share predicted right and the mean cross-entropy in nats, (members,) each.

    Where targets are values: minus the mean squared error, and the mean squared error.

    Args:
        batches: pairs of outputs, (members, n, outputs), and targets, (members, n) or
            (members, n, outputs), that together are the task's examples.
    """
    merits, losses, count = [], [], 0
    for outputs, targets in batches:
        n = targets.shape[1]
        merits.append(torch.vmap(mean_merit)(outputs, targets).double() * n)
        losses.append(example_losses(outputs, targets).double().sum(-1))
        count += n
    return torch.stack(merits).sum(0) / count, torch.stack(losses).sum(0) / count


def attainment_name(regression: bool) -> str:
    """Return the name of what tells how well a task was learnt."""
    return "r_squared" if regression else "accuracy"


def attainment(merit: Values, variance: Values | None) -> Values:
    """Return accuracies as they are; of squared errors, the coefficient of determination.

    R^2 = 1 - error / variance: 1 is perfect, 0 what the best constant prediction reaches.

    Args:
        merit: (members,), as `merit_and_loss` returns it.
        variance: (members,), of the task's targets, averaged over outputs; None for classes.
    """
    if variance is None:
        return merit
    with np.errstate(divide="ignore", invalid="ignore"):
        return 1 + merit / variance
