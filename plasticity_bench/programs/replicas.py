"""The replicas of a population: their networks, which share one module, and their settings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import vmap
from torch.utils import _pytree as pytree

from plasticity_bench.errors import BadInputError, LearnerError
from plasticity_bench.learners.learner import Learner
from plasticity_bench.learners.optimizers import Params
from plasticity_bench.networks import NetworkSpec
from plasticity_bench.programs import hook_outputs, network_constants
from plasticity_bench.programs.hook_state import REMEDY
from plasticity_bench.programs.network_constants import Constants
from plasticity_bench.seeding import Branch, integer

_MODULE_SEED = 0


@dataclass(frozen=True)
class Replica:
    """One of a population's networks: a seed and the learner's hyperparameters."""

    seed: int
    learner: Learner

    def __post_init__(self) -> None:
        """Raise a BadInputError for what is no seed, or no learner."""
        whole = isinstance(self.seed, int | np.integer) and not isinstance(self.seed, bool)
        if not whole or self.seed < 0:
            raise BadInputError(
                f"Replica: seed must be a whole number of at least 0, not {self.seed!r}."
            )
        if not isinstance(self.learner, Learner):
            raise BadInputError(
                f"Replica: learner must be a learner, as `Learner()`, not {self.learner!r}."
            )


class Replicas:
    """Replicas of one learner class, whose networks differ in parameters only.

    Attributes:
        learner: of the first.
        module: the network of all of them; its own parameters are never used.
        keys: of their noise, (replicas,) int64.
    """

    def __init__(
        self, replicas: Sequence[Replica], spec: NetworkSpec, device: torch.device
    ) -> None:
        """Build the module.

        Raises:
            BadInputError: if the replicas cannot be one population.
            LearnerError: if the network breaks a rule.
        """
        if len({type(replica.learner) for replica in replicas}) != 1:
            raise BadInputError("A population has at least one replica, all of one learner class.")
        self._replicas, self._spec, self._device = tuple(replicas), spec, device
        self.learner = replicas[0].learner
        lifted = _lifted_hyperparameters(self._replicas)
        self._lifted = {name: values.to(device) for name, values in lifted.items()}
        # Another seed than any replica's first: what is drawn in build and is no parameter differs.
        module = network_constants.built(self.learner, spec, _MODULE_SEED)
        self.module: nn.Module = hook_outputs.network(self.learner, module, spec)
        self._constants = Constants(self.module, spec)
        if self._constants.changing is not None:
            raise LearnerError(
                f"Learner {type(self.learner).__name__}, hook build: the network's forward pass "
                f"changes {self._constants.changing}: {REMEDY}."
            )
        keys = torch.tensor([integer(r.seed, Branch.NOISE) for r in self._replicas])
        self.keys = keys.to(device)
        self._compared: list[dict[str, Any]] = [self.learner.hyperparameters()]

    def fresh_parameters(self, index: int) -> Params:
        """Return newly initialised parameters of every replica for task `index`, stacked.

        Raises:
            BadInputError: if networks of different settings differ in more than parameters.
            LearnerError: if those of one setting do.
        """
        fresh = [self._parameters(replica, index) for replica in self._replicas]
        return {
            name: torch.stack([params[name] for params in fresh]).to(self._device)
            for name in fresh[0]
        }

    def map(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Map a function (learner, *one replica's tensors) over the replicas."""
        if self.learner.vectorized:

            def bound(lifted: dict[str, Tensor], *tensors: Any) -> Any:
                return function(self.learner.with_values(lifted), *tensors)

            return lambda *stacked: vmap(bound)(self._lifted, *stacked)

        def looped(*stacked: Any) -> Any:
            results = [
                function(r.learner, *pytree.tree_map(lambda tensor, i=i: tensor[i], stacked))
                for i, r in enumerate(self._replicas)
            ]
            return pytree.tree_map(lambda *values: torch.stack(values), *results)

        return looped

    def _parameters(self, replica: Replica, index: int) -> Params:
        """One replica's parameters for a task, of a network that is like the others'."""
        seed = integer(replica.seed, Branch.PARAMETERS, index)
        module = network_constants.built(replica.learner, self._spec, seed)
        setting = replica.learner.hyperparameters()
        if index > 0:  # a later network, of a setting that was compared
            different = self._constants.difference(module, attributes=False)
            with_graph = False
        else:
            changes = bool(self._lifted) and replica.learner.overrides("build")
            with_graph = changes and setting not in self._compared
            different = self._constants.difference(module, graph=with_graph)
        if different is not None and setting == self._compared[0]:
            raise network_constants.random_constants(self.learner, different)
        if different is not None:
            names = ", ".join(self._lifted)
            raise BadInputError(
                f"Replicas that differ in {names} cannot be one population: `build` depends on it, "
                f"and their networks differ in {different}."
            )
        if with_graph:
            self._compared.append(setting)
        return {name: value.detach().clone() for name, value in module.named_parameters()}


def _lifted_hyperparameters(replicas: Sequence[Replica]) -> dict[str, Tensor]:
    """Floats that differ between replicas, as (replicas,) float64; no other may differ."""
    lifted = {}
    settings = [replica.learner.hyperparameters() for replica in replicas]
    for name, first in settings[0].items():
        values = [setting[name] for setting in settings]
        if all(value == first for value in values):
            continue
        if not isinstance(first, float):
            raise BadInputError(f"Replicas that differ in {name} cannot be one population.")
        lifted[name] = torch.tensor(values, dtype=torch.float64)
    return lifted
