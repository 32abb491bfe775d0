"""One update of one replica, put together from its learner's hooks: a pure function of tensors."""

from dataclasses import dataclass

from torch import Tensor, nn
from torch.func import functional_call, grad

from plasticity_bench.learners.learner import Hidden, Learner, State
from plasticity_bench.learners.losses import batch_metric
from plasticity_bench.learners.noise import Noise, fold
from plasticity_bench.learners.optimizers import Params
from plasticity_bench.programs import hook_outputs, layer_graph
from plasticity_bench.programs.layer_graph import HiddenLayer


@dataclass(frozen=True)
class ReplicaUpdate:
    """The update and the predictions of one replica.

    Attributes:
        module: the network; its own parameters are never used.
        layers: the hidden layers that hooks are shown, by name; none unless a hook looks at them.
    """

    module: nn.Module
    layers: dict[str, HiddenLayer]

    @classmethod
    def of(cls, learner: Learner, module: nn.Module) -> "ReplicaUpdate":
        """Return the update of a learner's replicas with the network that it built.

        Raises:
            LearnerError: if a hook looks at hidden layers, and the network has no chain of them.
        """
        for hook in ("observe", "hidden_penalty"):
            if learner.overrides(hook):
                layers = layer_graph.hidden_layers(type(learner).__name__, hook, module)
                return cls(module, layers)
        return cls(module, {})

    def update(
        self,
        learner: Learner,
        state: State,
        key: Tensor,
        clock: Tensor,
        inputs: Tensor,
        targets: Tensor,
    ) -> tuple[State, Tensor, Tensor, Tensor]:
        """Return the state after one update, its clock, and the batch's loss and metric before it.

        Args:
            learner: with the replica's hyperparameters.
            state: of the replica.
            key: of its noise, scalar int64.
            clock: number of its updates so far, scalar int64.
            inputs: (batch, *input_shape) float32.
            targets: (batch,) int64, or (batch, outputs) of floats.
        """

        def objective(params: Params) -> tuple[Tensor, tuple[Tensor, Tensor, dict[str, Tensor]]]:
            logits, outputs = layer_graph.forward(self.module, params, inputs, self.layers)
            loss = hook_outputs.scalar(learner, "loss", learner.loss(logits, targets))
            total = loss
            if learner.overrides("penalty"):
                penalty = learner.penalty(params, hook_outputs.for_hook(state))
                total = loss + hook_outputs.scalar(learner, "penalty", penalty)
            if learner.overrides("hidden_penalty") and self.layers:
                hidden = self._hidden(outputs)
                penalty = learner.hidden_penalty(hidden, hook_outputs.for_hook(state))
                total = total + hook_outputs.scalar(learner, "hidden_penalty", penalty)
            return total, (logits, loss, outputs)

        gradients, (logits, loss, outputs) = grad(objective, has_aux=True)(state.params)
        if learner.overrides("predict_params"):
            logits = self.predict(learner, state, inputs)
        metric = batch_metric(logits, targets)

        state = state._replace(step=state.step + 1)
        clock = clock + 1
        noise = Noise(fold(key, clock))
        applied = learner.apply_gradients(gradients, hook_outputs.for_hook(state), noise)
        state = hook_outputs.validate(learner, "apply_gradients", applied, state)
        if self.layers:
            observed = learner.observe(self._hidden(outputs), hook_outputs.for_hook(state), noise)
            state = hook_outputs.validate(learner, "observe", observed, state)
        updated = learner.after_update(hook_outputs.for_hook(state), noise)
        state = hook_outputs.validate(learner, "after_update", updated, state)
        return state, clock, loss, metric

    def predict(self, learner: Learner, state: State, inputs: Tensor) -> Tensor:
        """Return logits, (n, classes), for inputs, (n, *input_shape)."""
        returned = learner.predict_params(hook_outputs.for_hook(state))
        params = hook_outputs.validate(learner, "predict_params", returned, state.params)
        logits: Tensor = functional_call(self.module, params, (inputs,))
        return logits

    def _hidden(self, outputs: dict[str, Tensor]) -> dict[str, Hidden]:
        """What hooks are shown of the hidden layers' outputs."""
        return {
            name: Hidden(outputs[name], tuple(layer.incoming), layer.outgoing)
            for name, layer in self.layers.items()
        }


def begin_task(learner: Learner, state: State, key: Tensor, fresh: Params, index: int) -> State:
    """Return the state of one replica after its `begin_task` for task `index`."""
    begun = learner.begin_task(hook_outputs.for_hook(state), fresh, Noise(fold(~key, index)))
    validated: State = hook_outputs.validate(learner, "begin_task", begun, state)
    return validated


def restart(learner: Learner, fresh: Params) -> State:
    """Return the state of one replica that has just begun, with these parameters."""
    state = learner.restart(fresh)
    hook_outputs.tensors(learner, "memory", state.memory)
    return state
