"""The forward pass of a network with given parameters."""

from typing import Any

from torch import Tensor, nn
from torch.func import functional_call


def apply_network(module: nn.Module, params: dict[str, Tensor], inputs: Tensor) -> Any:
    """Return a network's outputs with given parameters in place of its own, one replica's.

    Nothing flows back to frozen parameters: for these every gradient and curvature is zero.

    Args:
        module: the network.
        params: by name, as `named_parameters` names them.
        inputs: (n, *input_shape).
    """
    frozen = frozen_parameters(module)
    detached = {name: params[name].detach() for name in frozen & params.keys()}
    return functional_call(module, {**params, **detached}, (inputs,))


def frozen_parameters(module: nn.Module) -> set[str]:
    """Return the names of the parameters that are not trained: `requires_grad` is False."""
    return {name for name, value in module.named_parameters() if not value.requires_grad}
