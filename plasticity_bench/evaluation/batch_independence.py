"""Checks that a network's outputs for an example are those of the example alone.

Otherwise the function that is trained is not the one that predicts, nor the one whose curvature is
measured: batches have other sizes there, and other examples.
"""

import torch
from torch import Tensor, nn

from plasticity_bench.errors import LearnerError
from plasticity_bench.learners.optimizers import Params
from plasticity_bench.networks.functional import apply_network

TOLERANCE = 1e-2
"""Of outputs, relative to a replica's largest: rounding may differ with the size of a batch."""


def check_batch_independence(
    module: nn.Module,
    params: Params,
    inputs: Tensor,
    batch_size: int,
    outputs: Tensor | None = None,
) -> None:
    """Check that every replica's outputs are the same in other batches.

    Args:
        module: the network.
        params: (replicas, *shape) each.
        inputs: (replicas, n, *input_shape).
        batch_size: that it is trained with: inputs are also given in batches of that size, or of
            half as many where it is larger, and in another order.
        outputs: for the inputs, (replicas, n, ...); those of one batch if they are not given.

    Raises:
        LearnerError: if outputs differ.
    """
    size = max(1, min(batch_size, inputs.shape[1] // 2))
    for i, x in enumerate(inputs):
        replica_params = {name: value[i] for name, value in params.items()}

        with torch.no_grad():
            whole = apply_network(module, replica_params, x) if outputs is None else outputs[i]
            batches = x.flip(0).split(size)
            parts = torch.cat([apply_network(module, replica_params, b) for b in batches]).flip(0)
        if not (whole.isfinite().all() and parts.isfinite().all()):
            continue  # it has diverged
        if (whole - parts).abs().max() > TOLERANCE * whole.abs().max():
            raise LearnerError(
                "The network's outputs for an example depend on the other examples of its batch, "
                "or on how many there are: each must be computed from its own inputs alone."
            )
