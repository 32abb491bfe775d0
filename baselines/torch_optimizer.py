"""Any optimiser of `torch.optim`, unchanged: copy the file and put yours in `_optimizers`."""

import inspect
from collections.abc import Iterable

import torch
from torch import Tensor

from plasticity_bench import Learner, LearnerError, Memory, Method, Noise, Params, State


class TorchOptimizer(Learner):
    """Train with `torch.optim.RMSprop`, or what else `_optimizer` returns.

    An optimiser is made at each update, is given the state that it had, and makes its step on one
    replica. Its state is kept in the learner's memory, so it must be tensors of fixed shapes. It
    runs replica by replica, several times as slowly as a learner whose hooks are mapped. The
    settings of the learner's own optimisers have no effect, but for the step size.

    An optimiser that takes matrices only, as `torch.optim.Muon`, needs another beside it for the
    other parameters: override `_optimizers`.

        class Muon(TorchOptimizer):
            def _optimizers(self, parameters):
                matrices = {layer.weight for layer in self.network.hidden if not layer.convolution}
                others = [value for name, value in parameters.items() if name not in matrices]
                matrices = [parameters[name] for name in matrices]
                return [torch.optim.Muon(matrices), torch.optim.Adam(others, lr=self.step_size)]

    `torch.optim.LBFGS` is refused: it evaluates the loss several times for a step, and a learner is
    given one gradient for a batch and no closure.
    """

    method = Method()

    vectorized = False

    def _optimizer(self, parameters: Iterable[Tensor]) -> torch.optim.Optimizer:
        return torch.optim.RMSprop(parameters, lr=self.step_size)

    def _optimizers(self, parameters: dict[str, Tensor]) -> list[torch.optim.Optimizer]:
        return [self._optimizer(parameters.values())]

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
        names = {id(value): name for name, value in moved.items()}
        for name, value in moved.items():
            value.grad = gradients[name].detach()
        memory = {}
        for optimizer in self._made(moved):
            own = {names[id(p)] for group in optimizer.param_groups for p in group["params"]}
            for key, value in kept.items():
                entry, _, name = key.partition(".")
                if name in own:
                    optimizer.state[moved[name]][entry] = value.clone()
            optimizer.step()
            for name in (name for name in moved if name in own):
                for entry, value in optimizer.state[moved[name]].items():
                    memory[f"{entry}.{name}"] = self._tensor(optimizer, entry, value)
        return {name: value.detach() for name, value in moved.items()}, memory

    def _made(self, moved: Params) -> list[torch.optim.Optimizer]:
        """The optimisers of a step. Raises a LearnerError if one cannot be used."""
        try:
            optimizers = self._optimizers(moved)
        except (TypeError, ValueError) as error:
            raise self._refused(
                f"PyTorch refuses to make the optimiser: {error}: override _optimizers, to give it "
                "a part of the parameters and the rest to another"
            ) from error
        for optimizer in optimizers:
            closure = inspect.signature(type(optimizer).step).parameters.get("closure")
            if closure is not None and closure.default is inspect.Parameter.empty:
                raise self._refused(
                    f"{type(optimizer).__name__} evaluates the loss several times for a step, by a "
                    "closure, and a learner is given one gradient for a batch: use an optimiser "
                    "whose step() needs no closure"
                )
        return optimizers

    def _tensor(self, optimizer: torch.optim.Optimizer, entry: str, value: object) -> Tensor:
        if isinstance(value, Tensor):
            return value
        raise self._refused(
            f"{type(optimizer).__name__} keeps {entry} as {type(value).__name__}: a learner's "
            "memory has tensors only, so keep it as one"
        )

    def _refused(self, problem: str) -> LearnerError:
        return LearnerError(f"Learner {type(self).__name__}: {problem}.")
