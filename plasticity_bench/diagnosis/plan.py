"""What a diagnosis measures, and on how many of the examples."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from plasticity_bench.diagnosis.budget import (
    TAKES_LONG,
    Size,
    examples_for,
    has_slow_products,
)
from plasticity_bench.learners.optimizers import Params
from plasticity_bench.measurements import MEASUREMENTS, Probe

OF_HESSIAN = ("last_layers", "hessian", "hessian_absolute_rank", "curvature_volatility")

WITHOUT_TARGETS = "it needs targets, and none were given"


Plan = dict[str, int | str]
"""By measurement: on how many examples, or why not."""


@dataclass(frozen=True)
class Batch:
    """What is measured on, and the parameters at the beginning of training, if they are known."""

    inputs: Tensor
    targets: Tensor | None
    initial: Params | None

    def first(self, count: int) -> "Batch":
        """Return the first examples."""
        targets = None if self.targets is None else self.targets[:count]
        return replace(self, inputs=self.inputs[:count], targets=targets)

    def probe(self, network: nn.Module) -> Probe:
        """Return a probe of one replica. Missing targets are zeros, at which nothing looks."""
        params = {name: value.detach()[None] for name, value in network.named_parameters()}
        zeros = torch.zeros(len(self.inputs), dtype=torch.int64, device=self.inputs.device)
        targets = zeros if self.targets is None else self.targets
        initial = self.initial or params
        return Probe(network, params, initial, {}, self.inputs[None], targets[None])


def planned(
    names: Sequence[str], size: Size, batch: Batch, memory_gb: float, *, requested: bool
) -> Plan:
    """Return on how many examples each measurement is taken, or why it is not.

    Args:
        names: of the measurements.
        size: of the network.
        batch: what is given.
        memory_gb: that a measurement may take.
        requested: whether the user asked for these measurements.
    """
    plan: Plan = {}
    for name in names:
        count, reason = examples_for(name, size, len(batch.inputs), memory_gb, requested=requested)
        plan[name] = _not_available(name, batch) or reason or count
    return plan


def without_slow_hessians(plan: Plan, network: nn.Module) -> Plan:
    """Return a plan without Hessians that take long, by the network's kinds of layers."""
    if not has_slow_products(network):
        return plan
    return {
        name: TAKES_LONG if name in OF_HESSIAN and isinstance(count, int) else count
        for name, count in plan.items()
    }


def _not_available(name: str, batch: Batch) -> str:
    if name == "distance_from_init" and batch.initial is None:
        return "it needs the initial parameters: initial, or --initial"
    if batch.targets is None and MEASUREMENTS[name].of_targets:
        return WITHOUT_TARGETS
    return ""


def about_examples(plan: Plan, given: int) -> list[str]:
    """Return on how many examples the measurements were taken, if not on all of them."""
    names: dict[int, list[str]] = {}
    for name, count in plan.items():
        if isinstance(count, int) and MEASUREMENTS[name].of_examples:
            names.setdefault(count, []).append(name)
    if not names or set(names) == {given}:
        return []
    most, *others = sorted(names, reverse=True)
    fewer = [f"{', '.join(names[count])} on {count}" for count in others]
    but = f"; {', '.join(fewer)}" if fewer else ""
    whole = f"all {given}" if most == given else f"the first {most} of {given}"
    return [f"Measured on {whole} examples{but}."]
