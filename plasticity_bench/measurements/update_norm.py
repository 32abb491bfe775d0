"""Norms of parameter updates."""

import torch
from torch import Tensor

from plasticity_bench.learners.optimizers import Params
from plasticity_bench.measurements.probe import Measured, Probe, by_layer, difference, norm
from plasticity_bench.measurements.sums import in_order


def update_norm(probe: Probe) -> Measured:
    """Return the norms of updates, over all parameters and for each layer.

    - `update_norm` = mean over sampled updates of ||after - before||_2, the learner's whole update:
      what its `after_update` does belongs to it;
    - `task_update_norm` = ||params now - params at the task's start||_2, of the parameters that
      predictions are made with, as for other measurements.

    The explanation: updates shrink until nothing is learnt (Abbas et al., 2023, arXiv:2303.07507).
    Both are of a task that is over; at least 0.

    Raises:
        ValueError: at a task's start, when there are no updates to measure.
    """
    if not probe.updates or probe.task_start is None:
        raise ValueError("Updates are measured at a task's end, from samples taken during it.")

    def mean_norm(stacked: Params) -> Tensor:
        each = [
            norm({name: value[:, step] for name, value in stacked.items()})
            for step in range(len(probe.updates))
        ]
        return in_order(each) / len(each)

    steps = [difference(after, before) for before, after in probe.updates]
    stacked = {name: torch.stack([step[name] for step in steps], 1) for name in probe.params}
    return {
        **by_layer("update_norm", stacked, mean_norm),
        **by_layer("task_update_norm", difference(probe.params, probe.task_start), norm),
    }
