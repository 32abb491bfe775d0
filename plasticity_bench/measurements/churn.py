"""How much one step of gradient descent changes what it was not computed on."""

import torch

from plasticity_bench.measurements.common import measuring
from plasticity_bench.measurements.probe import Measured, Probe, loss_of, numbers, unavailable
from plasticity_bench.networks.functional import apply_network

STEP_SIZE = 0.1


def churn(probe: Probe) -> Measured:
    """Return how one step on half of the examples changes outputs for the other half.

    With g the gradient of the mean loss of the first half, f the outputs before and f' those after
    the step params - 0.1 g, over examples x of the second half:

    - `churn_outputs_sgd0.1` = mean_x ||f'(x) - f(x)||_2;
    - `churn_predictions_sgd0.1` = share of x with another largest output, in [0, 1].

    Tang and Berseth (2024), arXiv:2409.04792, and Tang et al. (2025), arXiv:2506.00592 (C-CHAIN),
    who measure the learner's own update on a batch; here every network takes the same step. The
    explanation: as the gradients of different examples become alike, each update changes the
    outputs for all of them. Lower is said to be better, but a network that has stopped learning has
    no churn either. Not available for less than two examples; predictions not for a single output.

    Cost: one gradient of half of the examples, and two forward passes.
    """
    names = ("churn_outputs_sgd0.1", "churn_predictions_sgd0.1")
    outputs, predictions = map(probe.on_examples, names)
    half = probe.targets.shape[1] // 2
    if half == 0:
        return unavailable(probe, outputs, predictions)
    moved, changed = [], []
    for params, inputs, targets in probe.one_by_one():
        leaves = {name: value.detach().requires_grad_() for name, value in params.items()}
        with torch.enable_grad():
            loss = loss_of(probe.module, leaves, inputs[:half], targets[:half])
            gradient = torch.autograd.grad(
                loss, list(leaves.values()), allow_unused=True, materialize_grads=True
            )
        pairs = zip(params.items(), gradient, strict=True)
        stepped = {name: value - STEP_SIZE * g for (name, value), g in pairs}
        with torch.no_grad(), measuring(probe.module):
            before = apply_network(probe.module, params, inputs[half:]).double()
            after = apply_network(probe.module, stepped, inputs[half:]).double()
        moved.append((after - before).norm(dim=-1).mean())
        differ = (after.argmax(-1) != before.argmax(-1)).double().mean()
        known = before.shape[-1] > 1 and bool(after.isfinite().all() & before.isfinite().all())
        changed.append(differ if known else differ * torch.nan)
    return {outputs: numbers(torch.stack(moved)), predictions: numbers(torch.stack(changed))}
