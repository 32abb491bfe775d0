"""The examples of an update, as the hook `update` receives them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

import torch
from torch import Tensor

from plasticity_bench.compiler import grad
from plasticity_bench.learners.optimizers import Params

Function = Callable[[Params], Tensor]


class Hidden(NamedTuple):
    """A hidden layer of one replica, as the forward pass of an update saw it.

    Attributes:
        outputs: of its activation, (examples, units); of a convolution, (examples x places,
            channels): there a channel is a unit.
        incoming: names of the parameters that produce it, the weight first, with those of its norm;
            their first axis is the units.
        outgoing: name of the weight that reads it: (outputs, units x places, ...).
    """

    outputs: Tensor
    incoming: tuple[str, ...]
    outgoing: str


class Functions(NamedTuple):
    """What a batch calls: the network and the hooks of its learner.

    Attributes:
        logits: (params, inputs) -> (examples, outputs).
        hidden: (params, inputs) -> the hidden layers by name.
        loss: (logits, targets) -> the data loss, a scalar.
        objective: (params, inputs, targets) -> the data loss and the penalties, a scalar.
    """

    logits: Callable[[Params, Tensor], Tensor]
    hidden: Callable[[Params, Tensor], dict[str, Hidden]]
    loss: Callable[[Tensor, Tensor], Tensor]
    objective: Callable[[Params, Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Batch:
    """The examples of an update of one replica, and what its network makes of them.

    Its methods are functions of parameters, and may be differentiated by `torch.func`. What is not
    called is not computed.

    Attributes:
        inputs: (batch, *input_shape) float32.
        targets: (batch,) int64 classes, or (batch, outputs) of values.
        num_outputs: of the network.
    """

    inputs: Tensor
    targets: Tensor
    num_outputs: int
    _functions: Functions

    def logits(self, params: Params) -> Tensor:
        """Return the network's outputs, (batch, outputs)."""
        return self._functions.logits(params, self.inputs)

    def hidden(self, params: Params) -> dict[str, Hidden]:
        """Return the hidden layers by name, as `observe` receives them, of an mlp or a cnn."""
        return self._functions.hidden(params, self.inputs)

    def loss(self, params: Params) -> Tensor:
        """Return the data loss, a scalar: what the hook `loss` returns."""
        return self._functions.loss(self.logits(params), self.targets)

    def objective(self, params: Params) -> Tensor:
        """Return the data loss with the penalties of all hooks, a scalar."""
        return self._functions.objective(params, self.inputs, self.targets)

    def gradients(self, params: Params, function: Function | None = None) -> Params:
        """Return the gradients of a scalar function of the parameters.

        Args:
            params: at which.
            function: `objective` unless given.
        """
        gradients: Params = grad(function or self.objective)(params)
        return gradients

    def hessian_product(
        self, params: Params, vector: Params, function: Function | None = None
    ) -> Params:
        """Return the product of a function's Hessian with a vector: two gradients' cost.

        Args:
            params: at which.
            vector: of the parameters' shapes.
            function: `objective` unless given.
        """

        def along(params: Params) -> Tensor:
            gradients = self.gradients(params, function)
            products = [(g * vector[name]).sum() for name, g in gradients.items()]
            return torch.stack(products).sum()

        products: Params = grad(along)(params)
        return products

    @property
    def encoded_targets(self) -> Tensor:
        """The targets as a network's outputs, (batch, outputs) float32: of classes, one-hot."""
        if self.targets.is_floating_point():
            return self.targets
        classes = torch.arange(self.num_outputs, device=self.targets.device)
        return (self.targets[:, None] == classes).to(self.inputs.dtype)

    def replaced(self, inputs: Tensor, encoded_targets: Tensor) -> Self:
        """Return a batch of other examples.

        Args:
            inputs: (examples, *input_shape).
            encoded_targets: as the attribute has them, (examples, outputs).
        """
        values = self.targets.is_floating_point()
        targets = encoded_targets if values else encoded_targets.argmax(-1)
        return replace(self, inputs=inputs, targets=targets)


def room_for_examples(
    count: int, input_shape: tuple[int, ...], num_outputs: int
) -> dict[str, Tensor]:
    """Return the tensors of a learner's memory that hold examples; nothing where there are none."""
    if count == 0:
        return {}
    shapes = {"example_inputs": (count, *input_shape), "example_targets": (count, num_outputs)}
    return {name: torch.zeros(shape) for name, shape in shapes.items()}
