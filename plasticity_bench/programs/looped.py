"""A population's functions for a learner that is not recorded: its hooks, replica by replica."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from plasticity_bench.learners.learner import Learner, State
from plasticity_bench.learners.losses import batch_metric, data_loss
from plasticity_bench.learners.noise import fold
from plasticity_bench.learners.optimizers import Params
from plasticity_bench.learners.submitted import loaded
from plasticity_bench.networks import NetworkSpec
from plasticity_bench.networks.functional import apply_network
from plasticity_bench.programs.recorded import check_size
from plasticity_bench.programs.replicas import (
    Replica,
    lifted_hyperparameters,
    noise_keys,
    parameters_seed,
)
from plasticity_bench.recording import hook_outputs, network_constants, purity, replica_update
from plasticity_bench.recording.hook_errors import explained
from plasticity_bench.recording.hook_state import HookState
from plasticity_bench.recording.network_constants import Constants, built
from plasticity_bench.recording.replica_update import ReplicaUpdate

_MODULE_SEED = 0


class Looped:
    """The functions of a population whose hooks are called in a loop.

    Attributes:
        module: the network of all replicas; its own parameters are never used.
        keys: of the replicas' noise, (replicas,) int64.
    """

    record = None
    varies = ()

    def __init__(
        self, replicas: Sequence[Replica], spec: NetworkSpec, device: torch.device
    ) -> None:
        """Build the network.

        Raises:
            BadInputError: if the replicas cannot be one population.
            LearnerError: if a hook breaks a rule, or the network is too large.
        """
        self._lifted = list(lifted_hyperparameters(replicas))
        self._replicas = [(replica, loaded(replica.learner)) for replica in replicas]
        self._spec, self._device = spec, device
        self._learner = self._replicas[0][1]
        with explained(self._learner):
            self._hook_state = HookState(self._learner)
            self.module: nn.Module = self._hook_state.call(self._network)
            self._replicas = [
                (replica, learner.on_network(self.module)) for replica, learner in self._replicas
            ]
            self._learner = self._replicas[0][1]
            self._hook_state.add_network(self.module, self._learner)
            self._replica = ReplicaUpdate.of(self._learner, self.module, spec)
        check_size(type(self._learner).__name__, self.module, spec)
        self.keys = noise_keys(replicas).to(device)

    def fresh(self, index: int) -> Params:
        """Return newly drawn parameters of every replica for task `index`, stacked."""
        with explained(self._learner):
            drawn = [self._parameters(*replica, index) for replica in self._replicas]
        return {
            name: torch.stack([one[name] for one in drawn]).to(self._device) for name in drawn[0]
        }

    def restart(self, fresh: Params) -> State:
        """Return the state of replicas that begin with these parameters."""
        with explained(self._learner):
            begins = functools.partial(replica_update.restart, spec=self._spec)
            restart = self._over_replicas(begins)
            state: State = self._hook_state.call(lambda: restart(fresh))
        return state

    def begin_task(self, state: State, index: int, fresh: Params) -> State:
        """Return the state of replicas after the boundary before task `index`."""
        if not self._learner.overrides("begin_task"):
            return state
        begin = self._over_replicas(replica_update.begin_task)
        keys = fold(~self.keys, index)
        with explained(self._learner), torch.no_grad():
            begun: State = self._hook_state.call(lambda: begin(state, keys, fresh))
        return begun

    def predicting(self, state: State) -> Params:
        """Return the parameters that predictions are made with, of every replica."""
        if not self._learner.overrides("predict_params"):
            return state.params
        with explained(self._learner), torch.no_grad():
            params: Params = self._over_replicas(replica_update.predict_params)(state)
            self._hook_state.check_at_times()
        return params

    @property
    def predict(self) -> Callable[..., Any]:
        """From all states and inputs, (replicas, n, *input_shape), to logits."""

        def predicted(*arguments: Any) -> Any:
            with explained(self._learner):
                return self._over_replicas(self._predict)(*arguments)

        return predicted

    def update(self, inputs: Tensor, targets: Tensor) -> Callable[..., Any]:
        """Return the update of all replicas on batches like these, as `Recorded` does."""

        def one(
            learner: Learner,
            state: State,
            key: Tensor,
            clock: Tensor,
            inputs: Tensor,
            targets: Tensor,
        ) -> tuple[State, Tensor, Tensor, Tensor]:
            logits = self._predict(learner, state, inputs)
            clock = clock + 1
            updated = self._replica.update(learner, state, fold(key, clock), inputs, targets)
            return updated, clock, data_loss(logits, targets), batch_metric(logits, targets)

        def updated(*arguments: Any) -> Any:
            with explained(self._learner):
                if purity.is_due(self._learner):
                    first = pytree.tree_map(lambda tensor: tensor[0], arguments)
                    purity.check_repeatable(
                        self._learner,
                        self._hook_state,
                        lambda: pytree.tree_leaves(one(self._learner, *first)),
                    )
                results = self._over_replicas(one)(*arguments)
                self._hook_state.check_at_times()
            return results

        return updated

    def check(self) -> None:
        """Raise a LearnerError if a hook has changed Python state since the start."""
        self._hook_state.check()

    def _predict(self, learner: Learner, state: State, inputs: Tensor) -> Tensor:
        params = replica_update.predict_params(learner, state)
        logits: Tensor = apply_network(self.module, params, inputs)
        return logits

    def _over_replicas(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def looped(*stacked: Any) -> Any:
            results = [
                function(learner, *pytree.tree_map(lambda tensor, i=i: tensor[i], stacked))
                for i, (_, learner) in enumerate(self._replicas)
            ]
            return pytree.tree_map(lambda *values: torch.stack(values), *results)

        return looped

    def _network(self) -> nn.Module:
        network = built(self._learner, self._spec, _MODULE_SEED)
        hook_outputs.network(self._learner, network, self._spec)
        self._constants = Constants(network, self._spec)
        self._constants.check_unchanging(self._learner)
        return network

    def _parameters(self, replica: Replica, learner: Learner, index: int) -> Params:
        """One replica's parameters for a task, of a network that is like the others'."""
        module = built(learner, self._spec, parameters_seed(replica, index))
        different = self._constants.difference(module, attributes=index == 0)
        if different is not None:
            same_setting = learner.hyperparameters() == self._learner.hyperparameters()
            raise network_constants.differing(
                self._learner, different, [] if same_setting else self._lifted
            )
        return {name: value.detach().clone() for name, value in module.named_parameters()}
