"""S replicas of one learner in one batched computation.

Hooks are written for one replica. `replica_update` puts them together into one update, a pure
function of tensors, which is mapped over replicas: by `torch.func.vmap`, recorded once as a flat
graph of tensor operations; or, for a learner with `vectorized = False`, in a loop.
"""

import functools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import vmap
from torch.utils import _pytree as pytree

from plasticity_bench.errors import BadInputError
from plasticity_bench.learners.learner import Learner, State
from plasticity_bench.learners.optimizers import Params
from plasticity_bench.networks import NetworkSpec, initial_parameters
from plasticity_bench.programs import hook_outputs, replica_update
from plasticity_bench.programs.compiling import CompilationError
from plasticity_bench.programs.hook_errors import explained
from plasticity_bench.programs.replica_update import ReplicaUpdate
from plasticity_bench.programs.tracing import flat, trace
from plasticity_bench.seeding import Branch, integer


@dataclass(frozen=True)
class Replica:
    """One of a population's networks: a seed and the learner's hyperparameters."""

    seed: int
    learner: Learner


class Population:
    """Replicas of one learner class, trained together.

    A replica's results do not depend, in any bit, on which replicas run beside it, as long as
    PyTorch computes in one thread (the runner sees to it) and layers are wider than one unit.
    Replicas that differ in hyperparameters agree with their runs alone to float32 rounding, because
    expressions between a hyperparameter and another scalar are then evaluated in float64.

    Attributes:
        replicas: S of them; their learners share every hyperparameter that is not a float.
        device: where their tensors are.
        module: the network whose parameters `state.params` are.
        compiled: whether updates run as machine code; None before the first.
        fallback: why they do not although compilation was requested; None without a reason.
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
            compile_updates: compile the update on its first call, where possible: it takes some
                seconds, and pays in long runs.
            device: where the replicas are; inputs and targets must be there too.

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
                self.module: nn.Module = hook_outputs.network(self._learner, built, spec)
            self._replica = ReplicaUpdate.of(self._learner, self.module)
            keys = torch.tensor([integer(r.seed, Branch.NOISE) for r in self.replicas])
            self._keys = keys.to(self.device)
            self.state = _unshared(self._map(replica_update.restart)(self._fresh(0)))
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
            *self._leaves, self._clock, loss, metric = self._updates[shapes](*self._leaves, *rest)
        return loss, metric

    def predict(self, inputs: Tensor) -> Tensor:
        """Return logits, (replicas, n, classes), for inputs, (replicas, n, *input_shape)."""
        with explained(self._learner), torch.no_grad():
            logits: Tensor = self._map(self._replica.predict)(self.state, inputs)
        return logits

    def begin_task(self, index: int) -> None:
        """Call every replica's `begin_task`: task `index` begins."""
        if not self._learner.overrides("begin_task"):
            return
        begin = functools.partial(replica_update.begin_task, index=index)
        with explained(self._learner), torch.no_grad():
            begun = self._map(begin)(self.state, self._keys, self._fresh(index))
            self.state = _unshared(begun)

    def reset_head(self) -> None:
        """Set every replica's last linear layer to zero; nothing else is changed.

        Raises:
            BadInputError: if the network has no linear layer.
        """
        linear = [name for name, m in self.module.named_modules() if isinstance(m, nn.Linear)]
        if not linear:
            raise BadInputError("This stream resets the head, but the network has no linear layer.")
        head = {f"{linear[-1]}.{parameter}" for parameter in ("weight", "bias")}
        state = self.state
        params = {k: torch.zeros_like(v) if k in head else v for k, v in state.params.items()}
        self.state = state._replace(params=params)

    # ---- state ----------------------------------------------------------------------------------

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
        shapes = {k: (v.shape, v.dtype) for k, v in tensors.items()}
        if expected != shapes:
            different = sorted(k for k in expected | shapes if expected.get(k) != shapes.get(k))
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

    # ---- preparation ----------------------------------------------------------------------------

    def _prepared_update(self, arguments: tuple[Any, ...]) -> Callable[..., list[Tensor]]:
        """The update of all replicas: compiled if requested and possible, recorded, or looped.

        From the tensors of its arguments, in order, to those of its results.
        """
        update = self._map(self._replica.update)
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

    def _fresh(self, index: int) -> Params:
        """Newly initialised parameters of every replica for task `index`, stacked."""
        fresh = [
            initial_parameters(
                functools.partial(r.learner.build, self._spec),
                integer(r.seed, Branch.PARAMETERS, index),
            )
            for r in self.replicas
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
                function(r.learner, *pytree.tree_map(lambda tensor, i=i: tensor[i], stacked))
                for i, r in enumerate(self.replicas)
            ]
            return pytree.tree_map(lambda *values: torch.stack(values), *results)

        return looped


def _unshared(state: State) -> State:
    """The same state with no memory in common between its tensors."""
    copied: State = pytree.tree_map(
        lambda tensor: tensor.clone(memory_format=torch.contiguous_format), state
    )
    return copied


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
