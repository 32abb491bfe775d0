"""How far a step may go where curvature differs between minibatches, over all and by layer."""

import torch
from torch import Tensor

from plasticity_bench.learners.optimizers import Params
from plasticity_bench.measurements.hessian_products import HessianProducts
from plasticity_bench.measurements.probe import Measured, Probe, by_layer

BATCHES = 8
PRODUCTS = 20
"""Of the power iteration, as in the authors' code."""


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

    Cost: 21 products with the Hessian for each minibatch and layer.
    """
    size = probe.targets.shape[1] // BATCHES
    name = probe.on_examples(f"curvature_volatility_bound_b{size}")

    def bound(names: Params) -> Tensor:
        eigenvalues = [
            [
                _largest(HessianProducts(probe.module, params, *batch, names))
                for batch in zip(inputs.split(size)[:BATCHES], targets.split(size), strict=False)
            ]
            for params, inputs, targets in probe.one_by_one()
        ]
        of_batches = torch.tensor(eigenvalues, dtype=torch.float64)
        mean, square = of_batches.mean(1), of_batches.square().mean(1)
        return torch.where(square > 0, 2 * mean.clamp(min=0) / square, torch.nan)

    unknown = torch.full((probe.num_replicas,), torch.nan)
    return by_layer(name, probe.params, bound if size else lambda _: unknown)


def _largest(products: HessianProducts) -> float:
    """The eigenvalue of largest magnitude: the Rayleigh quotient after a power iteration."""
    generator = torch.Generator().manual_seed(0)
    vector = torch.randn(1, products.size, generator=generator).to(products.device)
    for _ in range(PRODUCTS):
        vector = products(_unit(vector))
    vector = _unit(vector)
    return float((vector * products(vector)).sum())


def _unit(vector: Tensor) -> Tensor:
    unit: Tensor = vector / vector.norm().clamp(min=torch.finfo(vector.dtype).tiny)
    return unit
