"""Products with one replica's Hessian, of the mean cross-entropy of the data alone.

The gradient is built once with its graph, and every product goes backward through it: about two
gradients' cost each, several vectors at a time, no parameters x parameters matrix.
"""

from collections.abc import Collection
from functools import cached_property

import torch
from torch import Tensor, nn

from plasticity_bench.learners.losses import data_loss
from plasticity_bench.learners.optimizers import Params
from plasticity_bench.measurements.common import measuring
from plasticity_bench.networks.functional import apply_network

CHUNK = 64
"""Vectors that are multiplied at once when the matrix is formed."""


class HessianProducts:
    """A replica's Hessian in some of its parameters, in the order of `names`.

    Attributes:
        size: p, how many parameters there are.
    """

    def __init__(
        self,
        module: nn.Module,
        params: Params,
        inputs: Tensor,
        targets: Tensor,
        names: Collection[str] | None = None,
    ) -> None:
        """Build the gradient's graph.

        Args:
            module: the network whose parameters these are.
            params: one replica's.
            inputs: (n, *input_shape).
            targets: (n,).
            names: of the parameters that the loss is differentiated in; all unless given.
        """
        chosen = params if names is None else names
        leaves = {name: params[name].detach().clone().requires_grad_() for name in chosen}
        with measuring(module), torch.enable_grad():
            logits = apply_network(module, params | leaves, inputs)
            loss = data_loss(logits, targets)
            gradients = torch.autograd.grad(
                loss, list(leaves.values()), create_graph=True, materialize_grads=True
            )
            self._gradient = torch.cat([g.flatten() for g in gradients])
        self._leaves = list(leaves.values())
        self.size = len(self._gradient)

    def __call__(self, vectors: Tensor) -> Tensor:
        """Return H times every row: (b, p) -> (b, p)."""
        if not self._gradient.requires_grad:  # the loss does not depend on the parameters
            return torch.zeros_like(vectors)
        if self._batched:
            return self._products(vectors, batched=True)
        return torch.stack([self._products(vector, batched=False) for vector in vectors])

    @cached_property
    def _batched(self) -> bool:
        """Whether several products can be computed at once; not all layers support it."""
        generator = torch.Generator().manual_seed(0)
        probes = torch.randn(2, self.size, generator=generator).to(self._gradient)
        try:
            together = self._products(probes, batched=True)
        except RuntimeError:
            return False
        single = torch.stack([self._products(probe, batched=False) for probe in probes])
        return bool(((together - single).abs() <= 1e-4 * single.abs().max()).all())

    def _products(self, vectors: Tensor, *, batched: bool) -> Tensor:
        parts = torch.autograd.grad(
            self._gradient,
            self._leaves,
            vectors,
            retain_graph=True,
            is_grads_batched=batched,
            materialize_grads=True,
        )
        return torch.cat([part.flatten(1 if batched else 0) for part in parts], -1)

    def matrix(self) -> Tensor:
        """Return the whole matrix, (p, p), made symmetric, in float64."""
        identity = torch.eye(self.size, dtype=self._gradient.dtype, device=self._gradient.device)
        rows = torch.cat([self(some) for some in identity.split(CHUNK)])
        return (rows + rows.T).double() / 2
