"""A population's functions, made of records: no hook of the learner is called."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from plasticity_bench.errors import LearnerError
from plasticity_bench.learners.learner import Learner, State
from plasticity_bench.learners.losses import batch_metric, data_loss
from plasticity_bench.learners.noise import fold
from plasticity_bench.learners.optimizers import Params
from plasticity_bench.learners.submitted import AnyLearner, SubmittedLearner
from plasticity_bench.networks import NetworkSpec, num_parameters
from plasticity_bench.networks.functional import apply_network
from plasticity_bench.programs.prepared_hook import Prepared, prepare_hook
from plasticity_bench.programs.replicas import (
    OverReplicas,
    Replica,
    lifted_hyperparameters,
    noise_keys,
    parameters_seed,
)
from plasticity_bench.recording import layout
from plasticity_bench.recording.costs import Costs, costs
from plasticity_bench.recording.graph import Graph
from plasticity_bench.recording.initial import draw
from plasticity_bench.recording.process import RecorderProcess
from plasticity_bench.recording.record import Record
from plasticity_bench.recording.recorder import Recorder

MOST_PARAMETERS = 3
"""Times those of the network that learners are asked to build. Of the baselines, plasticity
injection has most: it keeps its head three times."""


class Source(Protocol):
    """Where records come from: a recorder, in this process or in another."""

    record: Record

    def update(
        self, inputs: Sequence[int], targets: Sequence[int], *, regression: bool = False
    ) -> Graph:
        """Return the graph of an update on batches of these shapes."""


class Recorded:
    """The functions of a recorded learner's population.

    Attributes:
        module: the network of all replicas; its own parameters are never used.
        keys: of the replicas' noise, (replicas,) int64.
        record: what the learner is.
    """

    def __init__(
        self, replicas: Sequence[Replica], spec: NetworkSpec, device: torch.device
    ) -> None:
        """Record the learner.

        Raises:
            BadInputError: if the replicas cannot be one population.
            LearnerError: if a hook breaks a rule, or the network is too large.
        """
        lifted = lifted_hyperparameters(replicas)
        learners, self._settings = _by_setting(replicas)
        self._source, self._spec = _source(learners, spec, tuple(lifted)), spec
        self.record = self._source.record
        self.module: nn.Module = self.record.module()
        check_size(self.record.learner, self.module, spec)
        self._replicas, self._device = tuple(replicas), device
        self._lifted = [values.to(device) for values in lifted.values()]
        example, self._structure = pytree.tree_flatten(layout.example(self.record.layout))
        self._dtypes = [tensor.dtype for tensor in example]
        self.keys = noise_keys(replicas).to(device)
        self._hooks: dict[str, Prepared] = {}
        settings = [value.tolist() for value in self._lifted]
        self._identity = f"{self.record.digest()} {settings}"

    def fresh(self, index: int) -> Params:
        """Return newly drawn parameters of every replica for task `index`, stacked."""
        names = list(self.record.names)
        drawn = [
            draw(self.record.initial[setting], names, parameters_seed(replica, index))
            for setting, replica in zip(self._settings, self._replicas, strict=True)
        ]
        return {name: torch.stack([one[name] for one in drawn]).to(self._device) for name in names}

    def restart(self, fresh: Params) -> State:
        """Return the state of replicas that begin with these parameters."""
        state: State = self._run("restart", self.record.restart, self._as_state, fresh)
        return state

    def begin_task(self, state: State, index: int, fresh: Params) -> State:
        """Return the state of replicas after the boundary before task `index`."""
        graph = self.record.begin_task
        if graph is None:
            return state
        keys = fold(~self.keys, index)
        begun: State = self._run("begin_task", graph, self._as_state, state, keys, fresh)
        return begun

    @property
    def varies(self) -> tuple[str, ...]:
        """What of hooks other than the update may give other bits on another processor.

        Only of hooks that have run.
        """
        return tuple(reason for prepared in self._hooks.values() for reason in prepared.varies)

    def predicting(self, state: State) -> Params:
        """Return the parameters that predictions are made with, of every replica."""
        if self.record.predict_params is None:
            return state.params
        graph = self.record.predict_params
        params: Params = self._run("predict_params", graph, self._as_params, state)
        return params

    @property
    def predict(self) -> OverReplicas:
        """From all states and inputs, (replicas, n, *input_shape), to logits."""
        return self._over_replicas(self._predict, "predict")

    def update(self, inputs: Tensor, targets: Tensor) -> OverReplicas:
        """Return the update of all replicas on batches like these, of all replicas.

        It is a function of states, keys, clocks, inputs and targets. It returns new states and
        clocks, and the batch's losses and metrics before the update, for which the targets were not
        in reach.
        """
        graph = self._source.update(
            inputs.shape[1:], targets.shape[1:], regression=targets.is_floating_point()
        )
        self._update = graph

        def one(
            lifted: Sequence[Tensor],
            state: State,
            key: Tensor,
            clock: Tensor,
            inputs: Tensor,
            targets: Tensor,
        ) -> tuple[State, Tensor, Tensor, Tensor]:
            logits = self._predict(lifted, state, inputs)
            clock = clock + 1
            leaves = (*pytree.tree_leaves(state), fold(key, clock), inputs, targets)
            updated = self._as_state(graph(*lifted, *leaves))
            return updated, clock, data_loss(logits, targets), batch_metric(logits, targets)

        return self._over_replicas(one, f"update {graph.digest()}")

    def costs(self) -> Costs:
        """Return what the learner costs; an update must have been prepared."""
        return costs(self.record, self._update, self._spec)

    def _predict(self, lifted: Sequence[Tensor], state: State, inputs: Tensor) -> Tensor:
        params = state.params
        if self.record.predict_params is not None:
            params = self._as_params(
                self.record.predict_params(*lifted, *pytree.tree_leaves(state))
            )
        logits: Tensor = apply_network(self.module, params, inputs)
        return logits

    def _run(
        self, hook: str, graph: Graph, shaped: Callable[[list[Tensor]], Any], *arguments: Any
    ) -> Any:
        """Return what a hook returns for all replicas; it is prepared at its first call."""

        def one(lifted: Sequence[Tensor], *arguments: Any) -> Any:
            return shaped(graph(*lifted, *pytree.tree_leaves(arguments)))

        if hook not in self._hooks:
            self._hooks[hook] = prepare_hook(self._over_replicas(one, hook), arguments)
        return shaped(self._hooks[hook].function(*pytree.tree_leaves(arguments)))

    def _over_replicas(self, function: Callable[..., Any], name: str) -> OverReplicas:
        return OverReplicas(function, self._lifted, f"{self._identity} {name}")

    def _as_state(self, leaves: list[Tensor]) -> State:
        # Some operations of a hyperparameter that differs between replicas return float64.
        leaves = [leaf.to(dtype) for leaf, dtype in zip(leaves, self._dtypes, strict=True)]
        state: State = pytree.tree_unflatten(leaves, self._structure)
        return state

    def _as_params(self, leaves: list[Tensor]) -> Params:
        return {name: leaf.float() for name, leaf in zip(self.record.names, leaves, strict=True)}


def _by_setting(replicas: Sequence[Replica]) -> tuple[list[AnyLearner], list[int]]:
    """A learner of each setting, and the position of each replica's among them."""
    learners: list[AnyLearner] = []
    known: list[object] = []
    positions = []
    for replica in replicas:
        setting = replica.learner.hyperparameters()
        if setting not in known:
            learners.append(replica.learner)
            known.append(setting)
        positions.append(known.index(setting))
    return learners, positions


def _source(learners: Sequence[AnyLearner], spec: NetworkSpec, lifted: Sequence[str]) -> Source:
    """What records: a user's learner in another process, all others in this one."""
    own = [learner for learner in learners if isinstance(learner, Learner)]
    if own:
        return Recorder(own, spec, lifted)
    others = [learner for learner in learners if isinstance(learner, SubmittedLearner)]
    return RecorderProcess(others, spec, lifted)


def check_size(learner: str, module: nn.Module, spec: NetworkSpec) -> None:
    """Refuse a network that is much larger than the one that was asked for.

    Raises:
        LearnerError: if it has more than `MOST_PARAMETERS` times the parameters.
    """
    built, asked = sum(value.numel() for value in module.parameters()), num_parameters(spec)
    if built > MOST_PARAMETERS * asked:
        raise LearnerError(
            f"Learner {learner}: for a network of {asked} parameters it builds one of {built}, "
            f"{built / asked:.1f} times as many, and {MOST_PARAMETERS} times is the most: build a "
            "smaller one, with plasticity_bench.match_num_parameters(spec, ...) for instance."
        )
