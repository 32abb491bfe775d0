"""How much one step of gradient descent learns."""

import torch

from plasticity_bench.measurements.probe import Measured, Probe, loss_of, numbers

STEP_SIZE = 0.1


def one_step_plasticity(probe: Probe) -> Measured:
    """Return `one_step_plasticity_sgd0.1` = clip(1 - L(params - 0.1 g) / L(params), 0, 1).

    L is the mean loss of the probe's examples and g its gradient: the share of the loss
    that one step removes. Elsayed and Mahmood (2024), arXiv:2404.00781, measure the learner's own
    update on a batch; here every learner takes the same step, so that step sizes are not compared.
    In [0, 1]; higher is said to be better. A loss of zero has nothing to remove: not available.
    """
    after = []
    for i, (replica_params, inputs, targets) in enumerate(probe.one_by_one()):
        stepped = {
            name: value - STEP_SIZE * probe.gradients[name][i]
            for name, value in replica_params.items()
        }
        with torch.no_grad():
            after.append(loss_of(probe.module, stepped, inputs, targets))
    left = torch.stack(after).double() / probe.losses.double()  # 0 / 0 is NaN
    # A step that overshoots beyond all bounds has removed nothing.
    gained = (1 - left.where(left != torch.inf, 2.0)).clamp(0, 1)
    known = probe.losses.isfinite() & (probe.losses > 0)
    return {
        probe.on_examples("one_step_plasticity_sgd0.1"): numbers(gained.where(known, torch.nan))
    }
