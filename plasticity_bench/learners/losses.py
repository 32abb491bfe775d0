"""Losses and metrics of a network's outputs: for classes, and for regression.

The targets decide which: classes are integers, (n,), values are floats, (n, outputs).
"""

import torch
from torch import Tensor
from torch.nn import functional


def data_loss(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the mean loss of a batch, a scalar: cross-entropy in nats, or squared error.

    The squared error is averaged over outputs, too, as `torch.nn.functional.mse_loss` does.

    Args:
        outputs: (n, outputs).
        targets: (n,) int64, or (n, outputs) of floats.
    """
    return example_losses(outputs, targets).mean()


def example_losses(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the loss of each example, (n,)."""
    if targets.is_floating_point():
        return (outputs - targets).square().mean(-1)
    return -functional.log_softmax(outputs, dim=-1).gather(-1, targets[..., None]).squeeze(-1)


def batch_metric(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the accuracy of a batch, a scalar; of regression, minus the mean squared error."""
    if targets.is_floating_point():
        return -(outputs - targets).square().mean()
    return (outputs.argmax(-1) == targets).to(outputs.dtype).mean()


def random_targets(shape: tuple[int, ...], num_outputs: int, regression: bool) -> Tensor:
    """Return random targets, for timing."""
    if regression:
        return torch.randn(*shape, num_outputs)
    return torch.randint(num_outputs, shape)
