"""The hooks of one replica's learner, put together into pure functions of tensors."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import grad

from plasticity_bench.learners.learner import Hidden, Learner, State
from plasticity_bench.learners.noise import Noise
from plasticity_bench.learners.optimizers import Params
from plasticity_bench.networks.functional import frozen_parameters
from plasticity_bench.recording import hook_outputs, layer_graph
from plasticity_bench.recording.layer_graph import HiddenLayer


@dataclass(frozen=True)
class ReplicaUpdate:
    """The update of one replica.

    Attributes:
        module: the network; its own parameters are never used.
        layers: the hidden layers that hooks are shown, by name; none unless a hook looks at them.
        frozen: names of the parameters that no update changes.
    """

    module: nn.Module
    layers: dict[str, HiddenLayer]
    frozen: frozenset[str] = frozenset()

    @classmethod
    def of(cls, learner: Learner, module: nn.Module) -> "ReplicaUpdate":
        """Return the update of a learner's replicas with the network that it built.

        Raises:
            LearnerError: if a hook looks at hidden layers, and the network has no chain of them.
        """
        frozen = frozenset(frozen_parameters(module))
        for hook in ("observe", "hidden_penalty"):
            if learner.overrides(hook):
                layers = layer_graph.hidden_layers(type(learner).__name__, hook, module)
                return cls(module, layers, frozen)
        return cls(module, {}, frozen)

    def update(
        self, learner: Learner, state: State, key: Tensor, inputs: Tensor, targets: Tensor
    ) -> State:
        """Return the state after one update.

        Args:
            learner: with the replica's hyperparameters.
            state: of the replica.
            key: of the update's noise, scalar int64.
            inputs: (batch, *input_shape) float32.
            targets: (batch,) int64, or (batch, outputs) of floats.
        """

        def objective(params: Params) -> tuple[Tensor, dict[str, Tensor]]:
            logits, outputs = layer_graph.forward(self.module, params, inputs, self.layers)
            total = hook_outputs.scalar(learner, "loss", learner.loss(logits, targets))
            if learner.overrides("penalty"):
                penalty = learner.penalty(params, hook_outputs.for_hook(state))
                total = total + hook_outputs.scalar(learner, "penalty", penalty)
            if learner.overrides("hidden_penalty") and self.layers:
                hidden = self._hidden(outputs)
                penalty = learner.hidden_penalty(hidden, hook_outputs.for_hook(state))
                total = total + hook_outputs.scalar(learner, "hidden_penalty", penalty)
            return total, outputs

        gradients, outputs = grad(objective, has_aux=True)(state.params)
        frozen = {name: state.params[name] for name in self.frozen}
        gradients |= {name: torch.zeros_like(value) for name, value in frozen.items()}
        state = state._replace(step=state.step + 1)
        noise = Noise(key)
        applied = learner.apply_gradients(gradients, hook_outputs.for_hook(state), noise)
        state = hook_outputs.validate(learner, "apply_gradients", applied, state)
        if learner.overrides("observe_inputs"):
            observed = learner.observe_inputs(inputs, hook_outputs.for_hook(state), noise)
            state = hook_outputs.validate(learner, "observe_inputs", observed, state)
        if self.layers:
            observed = learner.observe(self._hidden(outputs), hook_outputs.for_hook(state), noise)
            state = hook_outputs.validate(learner, "observe", observed, state)
        updated = learner.after_update(hook_outputs.for_hook(state), noise)
        state = hook_outputs.validate(learner, "after_update", updated, state)
        return state._replace(params={**state.params, **frozen})

    def _hidden(self, outputs: dict[str, Tensor]) -> dict[str, Hidden]:
        """What hooks are shown of the hidden layers' outputs."""
        return {
            name: Hidden(outputs[name], tuple(layer.incoming), layer.outgoing)
            for name, layer in self.layers.items()
        }


def predict_params(learner: Learner, state: State) -> Params:
    """Return the parameters that one replica's predictions are made with."""
    returned = learner.predict_params(hook_outputs.for_hook(state))
    params: Params = hook_outputs.validate(learner, "predict_params", returned, state.params)
    return params


def begin_task(learner: Learner, state: State, key: Tensor, fresh: Params) -> State:
    """Return the state of one replica after its `begin_task`, whose noise has a key."""
    begun = learner.begin_task(hook_outputs.for_hook(state), fresh, Noise(key))
    validated: State = hook_outputs.validate(learner, "begin_task", begun, state)
    return validated


def restart(learner: Learner, fresh: Params) -> State:
    """Return the state of one replica that has just begun, with these parameters."""
    state = learner.restart(fresh)
    hook_outputs.tensors(learner, "memory", state.memory)
    return state
