"""The base class of learners: a learning algorithm for one network and one seed."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, NamedTuple, Self

import torch
from pydantic import Field
from torch import Tensor, nn

from plasticity_bench.errors import LearnerError
from plasticity_bench.learners import hyperparameters, new_units
from plasticity_bench.learners.batch import Batch, Hidden
from plasticity_bench.learners.losses import data_loss
from plasticity_bench.learners.method import Method
from plasticity_bench.learners.noise import Noise
from plasticity_bench.learners.optimizers import OPTIMIZERS, Moments, Params
from plasticity_bench.learners.search_space import LogUniform, Range
from plasticity_bench.networks import NetworkLayers, NetworkSpec, build_network, layers_of

__all__ = ["Batch", "Hidden", "Learner", "Memory", "State"]

Memory = dict[str, Tensor]


class State(NamedTuple):
    """The state of one replica during training; change it by `state._replace(params=...)`.

    Attributes:
        params: the parameters, by name.
        initial: the parameters that the replica started with.
        moments: the optimiser's running averages, by name of the average.
        memory: the learner's own tensors, as `Learner.memory` made them.
        step: number of updates done, a scalar int64 tensor.
    """

    params: Params
    initial: Params
    moments: Moments
    memory: Memory
    step: Tensor


class Learner:
    """A learning algorithm. Subclass it and override the hooks that it needs; all are optional.

    Hooks are pure functions of ONE replica's tensors: return new tensors, keep what changes in
    `memory`, take random numbers from `noise` only. The population maps them over all replicas.

    Annotated class attributes are hyperparameters: `strength: float = 1e-2` can be set in a suite,
    by `-H strength=1e-3`, and differently for each replica. Numbers must not be negative, unless
    an annotation says otherwise: `Annotated[float, pydantic.Field(ge=-1)]`. Methods that are not
    hooks begin with an underscore.

    Attributes:
        vectorized: False makes the hooks run replica by replica: slower, but they may then use
            `.item()`, data-dependent shapes and `if` on a tensor.
        search: what `plasticity-bench tune` tries, by hyperparameter: its `LogUniform` or `Uniform`
            range, or a `Choice`; added to what the base class declares.
        method: where the rule comes from, and how the learner was compared with its source.
        optimizer: "adam" or "sgd".
        step_size: the learning rate.
        momentum: of sgd.
        beta1: of adam.
        beta2: of adam.
        epsilon: of adam.
        weight_decay: multiple of the parameters added to the gradient, as in `torch.optim`.
    """

    vectorized: ClassVar[bool] = True
    search: ClassVar[dict[str, Range]] = {"step_size": LogUniform(1e-5, 1e-2)}
    method: ClassVar[Method] = Method()

    optimizer: str = "adam"
    step_size: Annotated[float, Field(gt=0)] = 1e-3
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.0
    beta1: Annotated[float, Field(ge=0, lt=1)] = 0.9
    beta2: Annotated[float, Field(ge=0, lt=1)] = 0.999
    epsilon: Annotated[float, Field(gt=0)] = 1e-8
    weight_decay: float = 0.0

    # A hyperparameter of learners that replace units: whether Adam counts updates for each weight.
    reset_count = False

    def __init__(self, /, **given: object) -> None:
        """Set hyperparameters in place of the defaults.

        Raises:
            BadInputError: if one is unknown, of the wrong type, out of range, or has no effect.
        """
        for name, value in hyperparameters.validated(type(self), given).items():
            object.__setattr__(self, name, value)

    @classmethod
    def from_settings(cls, settings: Mapping[str, object]) -> Self:
        """Return a learner with hyperparameters as `hyperparameters` returned them.

        Those at their defaults that the chosen optimiser does not have are left out.

        Raises:
            BadInputError: as the constructor.
        """
        given = hyperparameters.canonical(cls, settings)
        optimizer = str(given.get("optimizer", cls.optimizer))
        unused = hyperparameters.without_effect(optimizer) if optimizer in OPTIMIZERS else set()
        return cls(
            **{
                name: value
                for name, value in given.items()
                if not (name in unused and value == getattr(cls, name))
            }
        )

    def replaced(self, settings: Mapping[str, object]) -> Self:
        """Return the learner with some hyperparameters replaced. Raises as the constructor."""
        given = hyperparameters.canonical(type(self), settings)
        return self.from_settings({**self.hyperparameters(), **given})

    def non_defaults(self) -> dict[str, float | int | bool | str]:
        """Return the hyperparameters that differ from the defaults of the class."""
        cls = type(self)
        return {k: v for k, v in self.hyperparameters().items() if v != getattr(cls, k)}

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(
            f"{type(self).__name__}.{name} cannot be set: one learner serves all replicas, so what "
            "changes belongs in the dictionary that memory() returns."
        )

    def hyperparameters(self) -> dict[str, float | int | bool | str]:
        """Return every hyperparameter and its value."""
        return {name: getattr(self, name) for name in hyperparameters.annotated(type(self))}

    # ---- hooks ----------------------------------------------------------------------------------

    def build(self, spec: NetworkSpec) -> nn.Module:
        """Return the network, newly initialised; it must keep no running statistics.

        Its initialisation may draw from PyTorch's global generator, which is seeded for each
        replica.
        """
        return build_network(spec)

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the data loss of a batch, a scalar: (batch, classes), (batch,) -> ().

        The default is the mean cross-entropy; where targets are values, (batch, outputs), the mean
        squared error.
        """
        return data_loss(logits, targets)

    def penalty(self, params: Params, state: State) -> Tensor:
        """Return what is added to the loss, a scalar. Gradients flow through `params` only."""
        return torch.zeros_like(next(iter(params.values())).sum())

    def hidden_penalty(self, hidden: dict[str, Hidden], state: State) -> Tensor:
        """Return what is added to the loss for the outputs of hidden layers, a scalar.

        Gradients flow through `outputs`. The network must be one that `observe` can be used with.
        """
        return torch.zeros_like(next(iter(state.params.values())).sum())

    def update(self, batch: Batch, state: State, noise: Noise) -> State:
        """Return the state after the optimiser's step for a batch; `state.step` counts this update.

        The default passes the gradients of the loss and the penalties to `apply_gradients`.
        Override it for what needs more: gradients at other parameters or of other examples, the
        loss's gradient apart from the penalties', products with the Hessian.

        Args:
            batch: the update's examples.
            state: of the replica.
            noise: the update's.
        """
        return self.apply_gradients(batch.gradients(state.params), state, noise)

    def apply_gradients(self, gradients: Params, state: State, noise: Noise) -> State:
        """Return the state after one step of the optimiser; `state.step` counts this update.

        To change the gradients, override it and pass changed ones to `super().apply_gradients`;
        for an optimiser of your own, keep its averages in `memory`.
        """
        rule = OPTIMIZERS[self.optimizer]
        settings = {name: getattr(self, name) for name in rule.settings}
        params, moments = rule.update(
            state.params, gradients, state.moments, state.step, **settings
        )
        return state._replace(params=params, moments=moments)

    def observe_inputs(self, inputs: Tensor, state: State, noise: Noise) -> State:
        """Return the state after the inputs of the update's batch were observed, without targets.

        Called after `apply_gradients`, before `observe`, whatever the network is.

        Args:
            inputs: (batch, *input_shape) float32.
            state: `state.step` counts this update.
            noise: the update's.
        """
        return state

    def observe(self, hidden: dict[str, Hidden], state: State, noise: Noise) -> State:
        """Return the state after the hidden layers' outputs of the update's batch were observed.

        Called after `apply_gradients`, before `after_update`, with every hidden layer by name; of a
        resnet18 or a vit, with the one within each block. Other networks must be chains of layers.
        """
        return state

    def after_update(self, state: State, noise: Noise) -> State:
        """Return the state after what follows every update: noise, clipping, resets of units."""
        return state

    def memory(self, params: Params) -> Memory:
        """Return the learner's own tensors, from the initial parameters. Shapes never change."""
        return {}

    def stored_examples(self) -> int:
        """Return how many examples the learner's memory has room for.

        They are `state.memory["example_inputs"]`, (examples, *input_shape), and
        `state.memory["example_targets"]`, (examples, outputs), as `Batch.encoded_targets` are. Both
        are zero at first; the hook `update` fills them. `restart` does not make them, so
        `begin_task` returns those of `state.memory`.
        """
        return 0

    def begin_task(self, state: State, fresh: Params, noise: Noise) -> State:
        """Return the state that a new task starts from; `fresh` is a newly initialised network.

        Called before every task but the first, and only where the suite reveals boundaries.
        """
        return state

    def predict_params(self, state: State) -> Params:
        """Return the parameters that predictions are made with."""
        return state.params

    # ---- helpers for hooks ----------------------------------------------------------------------

    @property
    def network(self) -> NetworkLayers:
        """The layers of the network that `build` returned, by the kind of module."""
        layers: NetworkLayers | None = vars(self).get("_network")
        if layers is None:
            raise LearnerError(
                f"Learner {type(self).__name__}: no network is built yet, so its layers are not "
                "known: call hooks of `learner.on_network(module)`."
            )
        return layers

    def restart(self, fresh: Params) -> State:
        """Return the initial state of a learner with these parameters."""
        moments = OPTIMIZERS[self.optimizer].initial_moments(fresh)
        if self.reset_count and self.optimizer == "adam":
            moments["count"] = {name: torch.zeros_like(value) for name, value in fresh.items()}
        return State(
            params=fresh,
            initial=fresh,
            moments=moments,
            memory=self.memory(fresh),
            step=torch.zeros((), dtype=torch.int64, device=next(iter(fresh.values())).device),
        )

    def replace_units(
        self,
        state: State,
        hidden: dict[str, Hidden],
        chosen: dict[str, Tensor],
        noise: Noise,
        *,
        layer_by_layer: bool = False,
    ) -> State:
        """Return the state with the chosen units replaced by new ones.

        Incoming weights are drawn anew, uniformly with the standard deviation of the layer's
        initial weights; biases are zero, and gains of norms as they started; outgoing weights are
        zero, and so are the moments of all of these.

        Adam's count of updates, by which it corrects its moments, is one for all parameters and is
        unchanged: the first steps of a new unit are 3 to 6 step sizes. A learner that declares the
        hyperparameter `reset_count: bool = True` has a count for each weight instead, which is zero
        for those of new units.

        Args:
            state: of the replica.
            hidden: the layers, as a hook is shown them.
            chosen: for each layer, (units,) bool.
            noise: for the new weights.
            layer_by_layer: replace the units of the first layer, then of the second, and so on: a
                new unit then reads the new units below it. Otherwise all outgoing weights of new
                units are zero.
        """
        params, moments = new_units.replaced(
            (state.params, state.initial, state.moments),
            hidden,
            chosen,
            noise,
            layer_by_layer=layer_by_layer,
        )
        return state._replace(params=params, moments=moments)

    # ---- for the population ---------------------------------------------------------------------

    def on_network(self, module: nn.Module) -> Self:
        """Return a copy whose hooks know the layers of a network that `build` returned."""
        copy = self.with_values({})
        vars(copy)["_network"] = layers_of(module)
        return copy

    def with_values(self, values: dict[str, Tensor]) -> Self:
        """Return a copy whose named hyperparameters are tensors, one replica's values."""
        copy = object.__new__(type(self))
        vars(copy).update(vars(self))
        vars(copy).update(values)
        return copy

    @classmethod
    def overrides(cls, hook: str) -> bool:
        """Return whether a class overrides a hook."""
        return getattr(cls, hook) is not getattr(Learner, hook)


HOOKS = (
    "build",
    "loss",
    "penalty",
    "hidden_penalty",
    "update",
    "apply_gradients",
    "observe_inputs",
    "observe",
    "after_update",
    "memory",
    "stored_examples",
    "begin_task",
    "predict_params",
)
