"""How noisy gradients are, over all parameters and in each layer."""

import torch
from torch import Tensor
from torch.func import vmap

from plasticity_bench.compiler import grad
from plasticity_bench.learners.optimizers import Params
from plasticity_bench.measurements.common import measuring
from plasticity_bench.measurements.probe import Measured, Probe, by_layer, loss_of
from plasticity_bench.measurements.sums import in_order, of_replicas

CHUNK = 2**24
"""The most numbers of single examples' gradients that are held at once."""


def gradient_noise(probe: Probe) -> Measured:
    """Return `gradient_noise_scale` = tr(S) / ||g||^2, over all parameters and for each layer.

    g is the mean of the examples' gradients and S their covariance, so that tr(S) is
    sum_i ||g_i - g||^2 / (n - 1). McCandlish et al. (2018), arXiv:1812.06162, equation 2.9: the
    batch size at which the noise of a batch's gradient is as large as the gradient. Baveja et al.
    (2025), arXiv:2509.19698, bound a layer's step size by its gradient's noise at the batch size
    that is trained with: with batches of B, ||g||^2 / (||g||^2 + tr(S) / B) of a batch's squared
    gradient is signal.

    At least 0, in examples; large: batches that are smaller see mostly noise. A layer whose mean
    gradient is zero has none. Not available for a single example.

    Cost: the gradient of every example, formed some examples at a time.
    """
    n = probe.targets.shape[1]
    squares = example_squares(probe)

    def scale(names: Params) -> Tensor:
        signal = in_order(of_replicas(probe.gradients[name].double().square()) for name in names)
        each = in_order(squares[name] for name in names)
        noise = (each.mean(1) - signal).clamp(min=0) * n / (n - 1 or torch.nan)
        return torch.where(signal > 0, noise / signal, torch.nan)

    return by_layer(probe.on_examples("gradient_noise_scale"), probe.params, scale)


def example_squares(probe: Probe) -> dict[str, Tensor]:
    """Return the squared norm of every example's gradient in every parameter, (replicas, n)."""
    size = sum(value[0].numel() for value in probe.params.values())

    def of_example(params: Params, example: Tensor, target: Tensor) -> Params:
        def loss(params: Params) -> Tensor:
            return loss_of(probe.module, params, example[None], target[None])

        gradients: Params = grad(loss)(params)
        return {name: value.double().square().sum() for name, value in gradients.items()}

    with measuring(probe.module):
        of_all = vmap(of_example, (None, 0, 0), chunk_size=max(1, CHUNK // size))
        replicas = [of_all(*replica) for replica in probe.one_by_one()]
    return {name: torch.stack([one[name] for one in replicas]) for name in probe.params}
