"""How well a task was learnt: accuracy and loss over all of its examples."""

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.nn import functional


def accuracy_and_loss(batches: Iterable[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """Return the share predicted right and the mean cross-entropy in nats, (members,) each.

    Args:
        batches: pairs of logits, (members, n, classes), and targets, (members, n), that together
            are the task's examples.
    """
    right, total, count = [], [], 0
    for logits, targets in batches:
        right.append((logits.argmax(-1) == targets).sum(-1))
        losses = functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none")
        total.append(losses.reshape(targets.shape).double().sum(-1))
        count += targets.shape[1]
    return torch.stack(right).sum(0) / count, torch.stack(total).sum(0) / count
