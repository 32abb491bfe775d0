"""Any optimiser of `torch.optim`, unchanged: copy the file and put yours in `_optimizer`."""

from collections.abc import Iterable
from typing import ClassVar

import torch
from torch import Tensor

from plasticity_bench import Learner, Memory, Noise, Params, State


class TorchOptimizer(Learner):
    """Train with `torch.optim.RMSprop`, or what else `_optimizer` returns.

    An optimiser is made at each update, is given the state that it had, and makes its step on one
    replica. Its state is kept in the learner's memory, so it must be tensors of fixed shapes: that
    rules out LBFGS, and what keeps counts as Python numbers. It runs replica by replica, several
    times as slowly as a learner whose hooks are mapped. The settings of the learner's own
    optimisers have no effect, but for the step size.
    """

    vectorized: ClassVar[bool] = False

    def _optimizer(self, parameters: Iterable[Tensor]) -> torch.optim.Optimizer:
        return torch.optim.RMSprop(parameters, lr=self.step_size)

    def memory(self, params: Params) -> Memory:
        """Keep what the optimiser's state is after a step, and zeros until there was one."""
        zeros = {name: torch.zeros_like(value) for name, value in params.items()}
        _, kept = self._step(params, zeros, {})
        return {key: torch.zeros_like(value) for key, value in kept.items()}

    def apply_gradients(self, gradients: Params, state: State, noise: Noise) -> State:
        """Let the optimiser make a step; it has no state before the first."""
        kept = state.memory if state.step > 1 else {}
        params, memory = self._step(state.params, gradients, kept)
        return state._replace(params=params, memory=memory)

    def _step(self, params: Params, gradients: Params, kept: Memory) -> tuple[Params, Memory]:
        """Return the parameters after a step, and the optimiser's state as key.parameter."""
        moved = {name: value.detach().clone().requires_grad_() for name, value in params.items()}
        optimizer = self._optimizer(moved.values())
        for key, value in kept.items():
            own, _, name = key.partition(".")
            optimizer.state[moved[name]][own] = value.clone()
        for name, value in moved.items():
            value.grad = gradients[name].detach()
        optimizer.step()
        memory = {
            f"{own}.{name}": entry
            for name, value in moved.items()
            for own, entry in optimizer.state[value].items()
        }
        return {name: value.detach() for name, value in moved.items()}, memory
