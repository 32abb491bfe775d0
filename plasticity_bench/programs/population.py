"""S replicas of one learner in one batched computation.

Hooks are written for one replica. Here they are put together into one update of one replica, a pure
function of tensors, and mapped over replicas: by `torch.func.vmap`, traced once into a flat graph of
tensor operations; or, for a learner with `vectorized = False`, in a loop.
"""

import functools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap
from torch.utils import _pytree as pytree

from plasticity_bench.errors import BadInputError
from plasticity_bench.learners.learner import Hidden, Learner, State
from plasticity_bench.learners.losses import batch_metric
from plasticity_bench.learners.noise import Noise, fold
from plasticity_bench.learners.optimizers import Params
from plasticity_bench.networks import NetworkSpec, initial_parameters
from plasticity_bench.programs import hook_outputs, layer_graph
from plasticity_bench.programs.compiling import CompilationError
from plasticity_bench.programs.hook_errors import explained
from plasticity_bench.programs.tracing import flat, trace
from plasticity_bench.seeding import Branch, integer


@dataclass(frozen=True)
class Replica:
    """One run of a learner: a seed and the learner's hyperparameters."""

    seed: int
    learner: Learner


class Population:
    """Members of one learner class, trained together.

    A replica's results do not depend on which replicas run beside it, in any bit, as long as PyTorch
    computes in one thread (the runner sees to it) and layers are wider than one unit. Replicas that
    differ in hyperparameters agree with their runs alone to float32 rounding, because expressions
    between a hyperparameter and another scalar are then evaluated in float64.

    Attributes:
        replicas: S of them; their learners share every hyperparameter that is not a float.
        device: where their tensors are.
        compiled: whether updates run as machine code; None before the first.
        fallback: why they do not although they were to be compiled; None if there is no reason.
        prepare_seconds: wall time of recording and compiling updates so far.
    """

    _leaves: list[Tensor]
    _structure: pytree.TreeSpec

    def __init__(
        self,
        replicas: Sequence[Replica],
        spec: NetworkSpec,
        *,
        compile_updates: bool = False,
        device: torch.device | str = "cpu",
    ) -> None:
        """Initialise every replica.

        Args:
            replicas: at least one.
            spec: the network that learners are asked to build.
            compile_updates: compile the update on its first call, if that can be done: it takes
                some seconds, and pays in long runs.
            device: where the replicas live; inputs and targets must be there too.

        Raises:
            BadInputError: if the replicas cannot be one population.
            LearnerError: if one of the learner's hooks raises.
        """
        self.replicas = tuple(replicas)
        if len({type(replica.learner) for replica in replicas}) != 1:
            raise BadInputError("A population has at least one replica, all of one learner class.")
        self._learner = replicas[0].learner
        self.device = torch.device(device)
        lifted = _lifted_hyperparameters(self.replicas)
        self._lifted = {name: values.to(self.device) for name, values in lifted.items()}
        self._spec = spec
        with explained(self._learner):
            with torch.random.fork_rng(devices=[]):  # only its structure is used
                built = self._learner.build(spec)
                self.module = hook_outputs.network(self._learner, built, spec)
            self._layers = self._observed_layers()
            keys = torch.tensor([integer(m.seed, Branch.NOISE) for m in self.replicas])
            self._keys = keys.to(self.device)
            self.state = _unshared(self._map(_restarted)(self._fresh(0)))
        # Counts the updates of each replica; unlike State.step, no hook can turn it back.
        self._clock = torch.zeros_like(self._keys)
        self.prepare_seconds = 0.0
        self.compiled: bool | None = None
        self.fallback: str | None = None
        self._compile = compile_updates
        self._updates: dict[tuple[torch.Size, torch.Size], Callable[..., list[Tensor]]] = {}

    def update(self, inputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Train every replica on its own mini-batch.

        Args:
            inputs: (replicas, batch, *input_shape) float32.
            targets: (replicas, batch) int64, or (replicas, batch, outputs) of floats.

        Returns:
            Data loss and accuracy on the batch before the update, (replicas,) each; in place of
            accuracy, where targets are values, minus the mean squared error.
        """
        shapes = (inputs.shape, targets.shape)
        rest = (self._keys, self._clock, inputs, targets)
        with explained(self._learner), torch.no_grad():
            if shapes not in self._updates:
                began = time.perf_counter()
                self._updates[shapes] = self._prepared_update((self.state, *rest))
                self.prepare_seconds += time.perf_counter() - began
            *self._leaves, self._clock, loss, batch_metric = self._updates[shapes](*self._leaves, *rest)
        return loss, batch_metric

    @property
    def state(self) -> State:
        """Every replica's `State`, stacked: tensors have a leading dimension of S.

        The next update may overwrite the tensors: clone what is to be kept.
        """
        state: State = pytree.tree_unflatten(self._leaves, self._structure)
        return state

    @state.setter
    def state(self, state: State) -> None:
        self._leaves, self._structure = pytree.tree_flatten(state)

    def tensors(self) -> dict[str, Tensor]:
        """Return all that changes as replicas learn, by name: copies, (replicas, ...) each."""
        return {name: value.clone() for name, value in self._named().items()}

    def check_state(self, tensors: Mapping[str, Tensor]) -> None:
        """Check that tensors are the state of a population of the same replicas.

        Args:
            tensors: as the method of that name returned them.

        Raises:
            BadInputError: if their names, shapes or dtypes are others.
        """
        expected = {k: (v.shape, v.dtype) for k, v in self._named().items()}
        found = {k: (v.shape, v.dtype) for k, v in tensors.items()}
        if expected != found:
            different = sorted(k for k in expected | found if expected.get(k) != found.get(k))
            raise BadInputError(f"This is the state of other replicas: {different[0]} differs.")

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Return to a state of a population of the same replicas. Arguments as `check_state`.

        Raises:
            BadInputError: if the tensors are not those of such a population.
        """
        self.check_state(tensors)
        *self._leaves, self._clock = (
            tensors[name].to(self.device).clone() for name in self._named()
        )

    def _named(self) -> dict[str, Tensor]:
        named, _ = pytree.tree_flatten_with_path((self.state, self._clock))
        return {pytree.keystr(path): value for path, value in named}

    def begin_task(self, index: int) -> None:
        """Tell every replica's learner that task `index` begins."""
        if not self._learner.overrides("begin_task"):
            return

        def begin(learner: Learner, state: State, key: Tensor, fresh: Params) -> State:
            begun = learner.begin_task(hook_outputs.handed(state), fresh, Noise(fold(~key, index)))
            return hook_outputs.validate(learner, "begin_task", begun, state)  # type: ignore[no-any-return]

        with explained(self._learner), torch.no_grad():
            begun = self._map(begin)(self.state, self._keys, self._fresh(index))
            self.state = _unshared(begun)

    def reset_head(self) -> None:
        """Set every replica's last linear layer to zero; nothing else is changed."""
        linear = [name for name, m in self.module.named_modules() if isinstance(m, nn.Linear)]
        if not linear:
            raise BadInputError("This stream resets the head, but the network has no linear layer.")
        head = {f"{linear[-1]}.{own}" for own in ("weight", "bias")}
        state = self.state
        params = {k: torch.zeros_like(v) if k in head else v for k, v in state.params.items()}
        self.state = state._replace(params=params)

    def predict(self, inputs: Tensor) -> Tensor:
        """Return logits, (replicas, n, classes), for inputs, (replicas, n, *input_shape)."""

        def forward(learner: Learner, state: State, inputs: Tensor) -> Tensor:
            return self._forward(_predicting(learner, state), inputs)

        with explained(self._learner), torch.no_grad():
            logits: Tensor = self._map(forward)(self.state, inputs)
        return logits

    def _prepared_update(self, arguments: tuple[Any, ...]) -> Callable[..., list[Tensor]]:
        """The update of all replicas: compiled if it was asked for and can be, traced, or looped.

        From the tensors of its arguments, in order, to those of its results.
        """
        update = self._map(self._update_replica)
        self.compiled = False
        if not self._learner.vectorized:
            if self._compile:
                self.fallback = "the learner is not vectorized"
            return flat(update, pytree.tree_structure(arguments))
        if self._compile:
            try:
                num_carried = len(self._leaves)
                prepared = trace(update, arguments, into_code=True, num_carried=num_carried)
                self.compiled = True
                return prepared
            except CompilationError as error:
                self.fallback = str(error)
        return trace(update, arguments)

    def _forward(self, params: Params, inputs: Tensor) -> Tensor:
        logits: Tensor = functional_call(self.module, params, (inputs,))
        return logits

    def _update_replica(
        self,
        learner: Learner,
        state: State,
        key: Tensor,
        clock: Tensor,
        inputs: Tensor,
        targets: Tensor,
    ) -> tuple[State, Tensor, Tensor, Tensor]:
        """One update of one replica; returns its state, its clock, the batch's loss and metric."""

        def objective(params: Params) -> tuple[Tensor, tuple[Tensor, Tensor, dict[str, Tensor]]]:
            logits, outputs = layer_graph.forward(self.module, params, inputs, self._layers)
            loss = hook_outputs.scalar(learner, "loss", learner.loss(logits, targets))
            total = loss
            if learner.overrides("penalty"):
                total = loss + hook_outputs.scalar(learner, "penalty", learner.penalty(params, hook_outputs.handed(state)))
            if learner.overrides("hidden_penalty") and self._layers:
                added = learner.hidden_penalty(self._hidden(outputs), hook_outputs.handed(state))
                total = total + hook_outputs.scalar(learner, "hidden_penalty", added)
            return total, (logits, loss, outputs)

        gradients, (logits, loss, outputs) = grad(objective, has_aux=True)(state.params)
        if learner.overrides("predict_params"):
            logits = self._forward(_predicting(learner, state), inputs)
        metric = batch_metric(logits, targets)

        state = state._replace(step=state.step + 1)
        clock = clock + 1
        noise = Noise(fold(key, clock))
        applied = learner.apply_gradients(gradients, hook_outputs.handed(state), noise)
        state = hook_outputs.validate(learner, "apply_gradients", applied, state)
        if self._layers:
            observed = learner.observe(self._hidden(outputs), hook_outputs.handed(state), noise)
            state = hook_outputs.validate(learner, "observe", observed, state)
        updated = learner.after_update(hook_outputs.handed(state), noise)
        state = hook_outputs.validate(learner, "after_update", updated, state)
        return state, clock, loss, metric

    def _observed_layers(self) -> dict[str, layer_graph.HiddenLayer]:
        """The hidden layers that the learner asks to see: none, unless it has such a hook."""
        for hook in ("observe", "hidden_penalty"):
            if self._learner.overrides(hook):
                return layer_graph.hidden_layers(type(self._learner).__name__, hook, self.module)
        return {}

    def _hidden(self, outputs: dict[str, Tensor]) -> dict[str, Hidden]:
        """What hooks are shown of the hidden layers' outputs."""
        return {
            layer: Hidden(outputs[layer], tuple(graph.incoming), graph.outgoing)
            for layer, graph in self._layers.items()
        }

    def _fresh(self, index: int) -> Params:
        """Newly initialised parameters of every replica for task `index`, stacked."""
        fresh = [
            initial_parameters(
                functools.partial(m.learner.build, self._spec),
                integer(m.seed, Branch.PARAMETERS, index),
            )
            for m in self.replicas
        ]
        return {
            name: torch.stack([params[name] for params in fresh]).to(self.device)
            for name in fresh[0]
        }

    def _map(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Map a function (learner, *one replica's tensors) over the replicas."""
        if self._learner.vectorized:

            def bound(lifted: dict[str, Tensor], *tensors: Any) -> Any:
                return function(self._learner.with_values(lifted), *tensors)

            return lambda *stacked: vmap(bound)(self._lifted, *stacked)

        def looped(*stacked: Any) -> Any:
            results = [
                function(m.learner, *pytree.tree_map(lambda tensor, i=i: tensor[i], stacked))
                for i, m in enumerate(self.replicas)
            ]
            return pytree.tree_map(lambda *values: torch.stack(values), *results)

        return looped


def _restarted(learner: Learner, fresh: Params) -> State:
    state = learner.restart(fresh)
    hook_outputs.tensors(learner, "memory", state.memory)
    return state


def _unshared(state: State) -> State:
    """The same state with no memory in common between its tensors."""
    copied: State = pytree.tree_map(
        lambda tensor: tensor.clone(memory_format=torch.contiguous_format), state
    )
    return copied


def _predicting(learner: Learner, state: State) -> Params:
    params: Params = hook_outputs.validate(
        learner, "predict_params", learner.predict_params(hook_outputs.handed(state)), state.params
    )
    return params


def _lifted_hyperparameters(replicas: Sequence[Replica]) -> dict[str, Tensor]:
    """Floats that differ between replicas, as (replicas,) float64; no other may differ."""
    lifted = {}
    settings = [m.learner.hyperparameters() for m in replicas]
    for name, first in settings[0].items():
        values = [setting[name] for setting in settings]
        if all(value == first for value in values):
            continue
        if not isinstance(first, float):
            raise BadInputError(f"Members that differ in {name} cannot be one population.")
        lifted[name] = torch.tensor(values, dtype=torch.float64)
    return lifted
