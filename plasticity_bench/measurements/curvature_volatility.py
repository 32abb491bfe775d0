"""How far a step may go where curvature differs between minibatches, over all and by layer."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from plasticity_bench.learners.optimizers import Params
from plasticity_bench.measurements.common import measuring
from plasticity_bench.measurements.probe import Measured, Probe, by_layer, loss_of

BATCHES = 8
PRODUCTS = 20
"""Of the power iteration, as in the authors' code."""

Batches = Sequence[tuple[Tensor, Tensor]]


def curvature_volatility(probe: Probe) -> Measured:
    """Return `curvature_volatility_bound_b*` = 2 E[l] / E[l^2], over all parameters and by layer.

    l is the eigenvalue of largest magnitude, with its sign, of the Hessian of a minibatch's mean
    loss in these parameters. E is the mean over 8 disjoint minibatches of n / 8 examples; the name
    has their size, as in `curvature_volatility_bound_b32_n256`. A step of size a along that
    eigenvector multiplies the distance to its optimum by 1 - a l: in the mean of squares it comes
    nearer if and only if 0 < a < 2 E[l] / (E[l]^2 + Var[l]). Baveja et al. (2025),
    arXiv:2509.19698, whose authors take l of successive updates, times Adam's effective step size.

    At least 0, in step sizes of plain gradient descent: 0 where the mean is not positive. Smaller:
    curvature is large, or differs between minibatches. Not available without curvature, and from
    fewer than 8 examples.

    Error: l is found to within some per cent, by 20 products, and is never too large in magnitude.

    Cost: 21 products with the Hessian for each layer, and memory for the graph of a gradient.
    """
    size = probe.targets.shape[1] // BATCHES
    name = probe.on_examples(f"curvature_volatility_bound_b{size}")

    def bound(names: Params) -> Tensor:
        eigenvalues = []
        for params, inputs, targets in probe.one_by_one():
            batches = list(zip(inputs.split(size)[:BATCHES], targets.split(size), strict=False))
            eigenvalues.append(_largest(probe.module, params, batches, list(names)))
        of_batches = torch.stack(eigenvalues)
        mean, square = of_batches.mean(1), of_batches.square().mean(1)
        return torch.where(square > 0, 2 * mean.clamp(min=0) / square, torch.nan)

    unknown = torch.full((probe.num_replicas,), torch.nan)
    return by_layer(name, probe.params, bound if size else lambda _: unknown)


def _largest(module: nn.Module, params: Params, batches: Batches, names: Sequence[str]) -> Tensor:
    """The eigenvalue of largest magnitude for each batch, (batches,), in float64.

    It is the Rayleigh quotient after a power iteration. Each batch has its own copy of the
    parameters, so that one pass backward has the products of all batches.
    """
    copies = [[params[name].detach().clone().requires_grad_() for name in names] for _ in batches]
    leaves = [leaf for copy in copies for leaf in copy]
    with measuring(module), torch.enable_grad():
        losses = [
            loss_of(module, params | dict(zip(names, copy, strict=True)), *batch)
            for copy, batch in zip(copies, batches, strict=True)
        ]
        gradients = torch.autograd.grad(
            torch.stack(losses).sum(), leaves, create_graph=True, materialize_grads=True
        )
    if not any(gradient.requires_grad for gradient in gradients):
        return torch.zeros(len(batches), dtype=torch.float64)  # the loss is linear in them

    def products(vectors: Sequence[Tensor]) -> Tensor:
        """Of each batch's Hessian with its vector, (batches, p)."""
        parts = torch.autograd.grad(
            [g for g in gradients if g.requires_grad],
            leaves,
            [v for g, v in zip(gradients, vectors, strict=True) if g.requires_grad],
            retain_graph=True,
            materialize_grads=True,
        )
        rows = [part.flatten() for part in parts]
        width = len(names)
        return torch.stack([torch.cat(rows[i : i + width]) for i in range(0, len(rows), width)])

    def as_parameters(rows: Tensor) -> list[Tensor]:
        sizes = [leaf.numel() for leaf in copies[0]]
        return [
            part.view_as(leaf)
            for row, copy in zip(rows, copies, strict=True)
            for part, leaf in zip(row.split(sizes), copy, strict=True)
        ]

    generator = torch.Generator().manual_seed(0)
    start = torch.randn(sum(leaf.numel() for leaf in copies[0]), generator=generator)
    rows = start.to(leaves[0]).expand(len(batches), -1)
    for _ in range(PRODUCTS):
        rows = products(as_parameters(_unit(rows)))
    rows = _unit(rows)
    return (rows * products(as_parameters(rows))).double().sum(1).cpu()


def _unit(rows: Tensor) -> Tensor:
    unit: Tensor = rows / rows.norm(dim=1, keepdim=True).clamp(min=torch.finfo(rows.dtype).tiny)
    return unit
