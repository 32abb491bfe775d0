"""The task metric: accuracy on a task's examples, or R squared for regression; time to reach it."""

from collections.abc import Iterable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from plasticity_bench.learners.losses import batch_metric, example_losses
from plasticity_bench.measurements.sums import in_order

Values = NDArray[np.float64]

WINDOW_EXAMPLES = 256
"""The running metric is that of the last batches with at least so many examples: an accuracy of 0.9
has a standard error of 0.02 then."""


def metric_and_loss(batches: Iterable[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """Return accuracy and mean cross-entropy in nats, (replicas,) each.

    Where targets are values: minus the mean squared error, and the mean squared error.

    Args:
        batches: pairs of outputs, (replicas, n, outputs), and targets, (replicas, n) or
            (replicas, n, outputs), that together are the task's examples.
    """
    batch_metrics, losses, count = [], [], 0
    for outputs, targets in batches:
        n = targets.shape[1]
        # One replica after the other: PyTorch adds in an order that depends on the whole shape.
        pairs = list(zip(outputs, targets, strict=True))
        metrics = [batch_metric(*pair).double() * n for pair in pairs]
        batch_metrics.append(torch.stack(metrics))
        losses.append(torch.stack([example_losses(*pair).double().sum() for pair in pairs]))
        count += n
    return in_order(batch_metrics) / count, in_order(losses) / count


def task_metric_name(regression: bool) -> str:
    """Return the name of the task metric."""
    return "r_squared" if regression else "accuracy"


def task_metric(batch_metric: Values, variance: Values | None) -> Values:
    """Return the task metric: accuracy, or the coefficient of determination for regression.

    R^2 = 1 - error / variance: 1 is perfect, 0 what the best constant prediction reaches.

    Args:
        batch_metric: (replicas,), as `metric_and_loss` returns it.
        variance: (replicas,), of the task's targets, averaged over outputs; None for classes.
    """
    if variance is None:
        return batch_metric
    with np.errstate(divide="ignore", invalid="ignore"):
        return 1 + batch_metric / variance


def updates_to_target(
    batch_metrics: Values, variance: Values | None, target: float, batch_size: int
) -> Values:
    """Return the first update at which the running metric reaches a target, (replicas,).

    The running metric at update u is the task metric of the last w batches up to u, each measured
    before its update; w is the smallest number of batches with `WINDOW_EXAMPLES` examples, or all
    of the task's if it has fewer. Updates count from 1, so the result is at least w. NaN where the
    target is not reached.

    Args:
        batch_metrics: (updates, replicas), of one task.
        variance: as of `task_metric`.
        target: of the task metric.
        batch_size: examples in a batch.
    """
    window = min(-(-WINDOW_EXAMPLES // batch_size), len(batch_metrics))
    last = len(batch_metrics) - window
    means = in_order(batch_metrics[i : last + i + 1] for i in range(window)) / window
    reached = np.stack([task_metric(mean, variance) for mean in means]) >= target
    first = reached.argmax(0) + window
    return np.where(reached.any(0), first, np.nan)
