"""The replicas of a population: their seeds and settings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.func import vmap

from plasticity_bench.errors import BadInputError
from plasticity_bench.learners.learner import Learner
from plasticity_bench.learners.stand_in import StandIn
from plasticity_bench.learners.submitted import AnyLearner, SubmittedLearner, submitted
from plasticity_bench.seeding import Branch, integer


@dataclass(frozen=True)
class Replica:
    """One of a population's networks: a seed and the learner's hyperparameters."""

    seed: int
    learner: AnyLearner

    def __post_init__(self) -> None:
        """Raise a BadInputError for what is no seed, or no learner."""
        whole = isinstance(self.seed, int | np.integer) and not isinstance(self.seed, bool)
        if not whole or self.seed < 0:
            raise BadInputError(
                f"Replica: seed must be a whole number of at least 0, not {self.seed!r}."
            )
        if not isinstance(self.learner, Learner | SubmittedLearner):
            raise BadInputError(
                f"Replica: learner must be a learner, as `Learner()`, not {self.learner!r}."
            )
        if isinstance(self.learner, StandIn):  # its hooks are not here
            object.__setattr__(self, "learner", submitted(self.learner))


@dataclass(frozen=True)
class OverReplicas:
    """A recorded function of one replica's tensors, of those of all replicas.

    Attributes:
        function: of the lifted hyperparameters of a replica, and of its tensors.
        lifted: hyperparameters that differ between replicas, (replicas,) each.
        identity: the same for functions that compute the same.
    """

    function: Callable[..., Any]
    lifted: Sequence[Tensor]
    identity: str

    def __call__(self, *stacked: Any) -> Any:
        """Return the results of all replicas, stacked."""
        return vmap(self.function)(self.lifted, *stacked)


def _class_of(learner: AnyLearner) -> object:
    return learner.reference if isinstance(learner, SubmittedLearner) else type(learner)


def noise_keys(replicas: Sequence[Replica]) -> Tensor:
    """Return the key of each replica's noise, (replicas,) int64."""
    return torch.tensor([integer(replica.seed, Branch.NOISE) for replica in replicas])


def parameters_seed(replica: Replica, index: int) -> int:
    """Return the seed of the parameters that are drawn for task `index`."""
    return integer(replica.seed, Branch.PARAMETERS, index)


def lifted_hyperparameters(replicas: Sequence[Replica]) -> dict[str, Tensor]:
    """Return the floats that differ between replicas, as (replicas,) float64.

    Raises:
        BadInputError: if another hyperparameter differs, or the class does.
    """
    if len({_class_of(replica.learner) for replica in replicas}) != 1:
        raise BadInputError("A population has at least one replica, all of one learner class.")
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
