"""What a measurement looks at: every replica's network, and fixed examples of one task."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from plasticity_bench.learners.losses import data_loss
from plasticity_bench.learners.optimizers import Moments, Params
from plasticity_bench.measurements import elementary
from plasticity_bench.measurements.common import eval_mode
from plasticity_bench.measurements.hidden import hidden_activations
from plasticity_bench.measurements.layer_gram import gram, loss_gradient
from plasticity_bench.measurements.sums import in_order, of_replicas
from plasticity_bench.networks.functional import apply_network

Values = NDArray[np.float64]
Measured = dict[str, Values]


@dataclass(frozen=True)
class Probe:
    """Every replica of a population at one moment, stacked, and examples to look at them with.

    Nothing in it may be changed. What several measurements need is computed once and kept.

    Attributes:
        module: the network whose parameters these are; its own are never used.
        params: each (replicas, *shape).
        initial: the parameters that each replica began with.
        moments: the optimiser's running averages.
        inputs: (replicas, n, *input_shape).
        targets: (replicas, n); where they are values, (replicas, n, outputs).
        task_start: the parameters at the task's start; None where that is now.
        updates: some of the task's updates, as parameters (before, after); none at its start.
    """

    module: nn.Module
    params: Params
    initial: Params
    moments: Moments
    inputs: Tensor
    targets: Tensor
    task_start: Params | None = None
    updates: tuple[tuple[Params, Params], ...] = ()

    @property
    def num_replicas(self) -> int:
        """How many replicas there are."""
        return len(self.targets)

    def on_examples(self, formula: str) -> str:
        """Return the name of what depends on how many examples there are.

        >>> Probe(None, {}, {}, {}, torch.zeros(2, 8, 3), torch.zeros(2, 8)).on_examples("x")
        'x_n8'
        """
        return f"{formula}_n{self.targets.shape[1]}"

    def select(self, replicas: Tensor) -> "Probe":
        """Return a probe of some replicas, in the given order."""

        def chosen(params: Params) -> Params:
            return {name: value[replicas] for name, value in params.items()}

        return Probe(
            self.module,
            chosen(self.params),
            chosen(self.initial),
            {name: chosen(average) for name, average in self.moments.items()},
            self.inputs[replicas],
            self.targets[replicas],
            None if self.task_start is None else chosen(self.task_start),
            tuple((chosen(before), chosen(after)) for before, after in self.updates),
        )

    def with_params(self, params: Params) -> "Probe":
        """Return a probe of the same replicas at other parameters."""
        return replace(self, params=params)

    def one_by_one(self) -> Iterator[tuple[Params, Tensor, Tensor]]:
        """Yield each replica's parameters, inputs and targets."""
        for i in range(self.num_replicas):
            replica_params = {name: value[i] for name, value in self.params.items()}
            yield replica_params, self.inputs[i], self.targets[i]

    @cached_property
    def hidden(self) -> dict[str, Tensor]:
        """Outputs of each hidden activation, (replicas, n x positions, units), by layer."""
        of_replicas = [
            hidden_activations(self.module, replica_params, x)
            for replica_params, x, _ in self.one_by_one()
        ]
        return {layer: torch.stack([one[layer] for one in of_replicas]) for layer in of_replicas[0]}

    @cached_property
    def losses(self) -> Tensor:
        """Mean loss of the examples, (replicas,): cross-entropy, or squared error."""
        return self._losses_and_gradients[0]

    @cached_property
    def gradients(self) -> Params:
        """Gradients of the mean loss of the examples, each (replicas, *shape)."""
        return self._losses_and_gradients[1]

    @cached_property
    def gradient_gram(self) -> Tensor:
        """(1/n) G G^T, (replicas, n, n), of the rows g_i of G, each example's loss gradient."""
        return gram(self.module, self.params, self.inputs, self.targets, loss_gradient)

    @cached_property
    def _losses_and_gradients(self) -> tuple[Tensor, Params]:
        losses, gradients = [], []
        for replica_params, inputs, targets in self.one_by_one():
            leaves = {
                name: value.detach().requires_grad_() for name, value in replica_params.items()
            }
            with torch.enable_grad():
                loss = loss_of(self.module, leaves, inputs, targets)
                # A parameter that the loss does not depend on has a gradient of zero.
                gradient = torch.autograd.grad(
                    loss, list(leaves.values()), allow_unused=True, materialize_grads=True
                )
            losses.append(loss.detach())
            gradients.append(dict(zip(leaves, gradient, strict=True)))
        stacked = {
            name: torch.stack([replica_params[name] for replica_params in gradients])
            for name in self.params
        }
        return torch.stack(losses), stacked


def loss_of(module: nn.Module, params: Params, inputs: Tensor, targets: Tensor) -> Tensor:
    """Return one replica's mean loss of the data alone: cross-entropy in nats, or squared error."""
    with eval_mode(module):
        logits = apply_network(module, params, inputs)
    return data_loss(logits, targets)


def numbers(values: Tensor) -> Values:
    """Return one float64 number for each replica."""
    array: Values = values.detach().double().cpu().numpy()
    return array


def by_layer(name: str, params: Params, number: Callable[[Params], Tensor]) -> Measured:
    """Return a number of all parameters, and of each layer's own.

    Args:
        name: of the number.
        params: each (replicas, *shape).
        number: from parameters to (replicas,).
    """
    layers: dict[str, Params] = {}
    for parameter, value in params.items():
        layers.setdefault(parameter.rpartition(".")[0] or parameter, {})[parameter] = value
    measured = {name: numbers(number(params))}
    for layer, of_layer in layers.items():
        measured[f"{name}/{layer}"] = numbers(number(of_layer))
    return measured


def norm(params: Params) -> Tensor:
    """Return the Euclidean norm over all of some parameters, (replicas,), in float64."""
    squares = (of_replicas(value.double().square()) for value in params.values())
    return elementary.sqrt(in_order(squares))


def difference(one: Params, other: Params) -> Params:
    """Return one - other."""
    return {name: value - other[name] for name, value in one.items()}


def unavailable(probe: Probe, *names: str) -> Measured:
    """Return values that do not exist for this network: not numbers."""
    return {name: np.full(probe.num_replicas, np.nan) for name in names}
