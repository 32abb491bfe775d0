"""S replicas of one learner in one batched computation."""

import functools
import time
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from plasticity_bench.errors import BadInputError, UnrecordableError
from plasticity_bench.learners.learner import State
from plasticity_bench.learners.optimizers import Params
from plasticity_bench.learners.submitted import SubmittedLearner
from plasticity_bench.networks import NetworkSpec
from plasticity_bench.networks.forward_graph import HeadError, head_parameters
from plasticity_bench.programs.looped import Looped
from plasticity_bench.programs.prepared_hook import (
    Arguments,
    prepare,
    prepare_hook,
    prepare_looped,
)
from plasticity_bench.programs.recorded import Recorded
from plasticity_bench.programs.replicas import Replica
from plasticity_bench.recording.costs import Costs
from plasticity_bench.recording.network_constants import example_inputs
from plasticity_bench.recording.record import Record

__all__ = ["Population", "Replica"]


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
        unrecorded: why the learner is not recorded; empty if it is.
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
        self.device = torch.device(device)
        self._spec = spec
        if not replicas:
            raise BadInputError("A population has at least one replica, all of one learner class.")
        first = replicas[0].learner
        self._learner = first.name if isinstance(first, SubmittedLearner) else type(first).__name__
        self.unrecorded = ""
        if not first.vectorized:
            self.unrecorded = "its class sets vectorized = False"
        self._all = self._functions()
        self.module: nn.Module = self._all.module
        self._keys = self._all.keys
        with torch.no_grad():
            self.state = _unshared(self._all.restart(self._all.fresh(0)))
        # Counts the updates of each replica; unlike State.step, no hook can turn it back.
        self._clock = torch.zeros_like(self._keys)
        self.prepare_seconds = 0.0
        self.compiled: bool | None = None
        self.fallback: str | None = None
        self._compile = compile_updates
        self._updates: dict[tuple[torch.Size, torch.Size], Callable[..., list[Tensor]]] = {}
        self._predictions: dict[torch.Size, Callable[..., list[Tensor]]] = {}
        self._varies: tuple[str, ...] = ()

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
        with torch.no_grad():
            if shapes not in self._updates:
                began = time.perf_counter()
                self._updates[shapes] = self._prepared((self.state, *rest))
                self.prepare_seconds += time.perf_counter() - began
            *self._leaves, self._clock, loss, metric = self._updates[shapes](*self._leaves, *rest)
        return loss, metric

    def predict(self, inputs: Tensor) -> Tensor:
        """Return logits, (replicas, n, classes), for inputs, (replicas, n, *input_shape)."""
        with torch.no_grad():
            if inputs.shape not in self._predictions:
                prepares = prepare_looped if self.unrecorded else prepare_hook
                prepared = prepares(self._all.predict, (self.state, inputs))
                self._predictions[inputs.shape] = prepared.function
            (logits,) = self._predictions[inputs.shape](*self._leaves, inputs)
        return logits

    @property
    def predicting(self) -> Params:
        """The parameters that predictions are made with, stacked: what measurements look at."""
        with torch.no_grad():
            return self._all.predicting(self.state)

    @property
    def varies(self) -> tuple[str, ...]:
        """What of hooks that have run may give other bits on another processor.

        Operations of PyTorch that their programs call, or why they are no programs.
        """
        return tuple(dict.fromkeys([*self._varies, *self._all.varies]))

    @property
    def costs(self) -> Costs | None:
        """What the learner costs, after the first update; None if it is not recorded."""
        return self._all.costs() if isinstance(self._all, Recorded) else None

    @property
    def record(self) -> Record | None:
        """What the learner is; None if it is not recorded."""
        return self._all.record

    def begin_task(self, index: int) -> None:
        """Call every replica's `begin_task`: task `index` begins."""
        with torch.no_grad():
            begun = self._all.begin_task(self.state, index, self._all.fresh(index))
        self.state = _unshared(begun)

    def restart(self, index: int, num_updates: int) -> None:
        """Start every replica anew: parameters, optimiser and memory, as before its first update.

        Args:
            index: of the task that parameters are drawn for, as `begin_task` is given them.
            num_updates: that count as done; the noise of the next updates is that of a replica
                that has done so many. The learner's own count of updates starts at zero.
        """
        with torch.no_grad():
            self.state = _unshared(self._all.restart(self._all.fresh(index)))
        self._clock = torch.full_like(self._clock, num_updates)

    @property
    def example_inputs(self) -> Tensor:
        """Inputs to look at the network with, (2, *input_shape), on the CPU; always the same."""
        return example_inputs(self._spec)

    @functools.cached_property
    def head(self) -> list[str]:
        """The names of the parameters of the layer that makes the network's outputs.

        Raises:
            BadInputError: if it is not known.
        """
        try:
            return head_parameters(self.module, self.example_inputs)
        except HeadError as error:
            raise BadInputError(
                f"This stream resets the head, but the head of {self._learner}'s "
                f"network is not known: {error}."
            ) from None

    def reset_head(self) -> None:
        """Set every replica's last layer to zero; nothing else is changed.

        Raises:
            BadInputError: if it is not known which layer makes the network's outputs.
        """
        state, head = self.state, self.head
        params = {k: torch.zeros_like(v) if k in head else v for k, v in state.params.items()}
        self.state = state._replace(params=params)

    def check_hooks(self) -> None:
        """Check that the learner's hooks have changed no Python state since the start.

        Raises:
            LearnerError: if one has.
        """
        if isinstance(self._all, Looped):
            self._all.check()

    def _functions(self) -> Recorded | Looped:
        if not self.unrecorded:
            try:
                return Recorded(self.replicas, self._spec, self.device)
            except UnrecordableError as error:
                self.unrecorded = str(error)
        return Looped(self.replicas, self._spec, self.device)

    def _prepared(self, arguments: Arguments) -> Callable[..., list[Tensor]]:
        *_, inputs, targets = arguments
        prepares = prepare_looped if self.unrecorded else prepare
        prepared = prepares(self._all.update(inputs, targets), arguments, self._compile)
        self.compiled, self.fallback = prepared.compiled, prepared.fallback
        self._varies = prepared.varies
        return prepared.function

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


def _unshared(state: State) -> State:
    """The same state with no memory in common between its tensors."""
    copied: State = pytree.tree_map(
        lambda tensor: tensor.clone(memory_format=torch.contiguous_format), state
    )
    return copied
