"""Calls a learner's hooks once, on examples, and records what they do."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap
from torch.utils import _pytree as pytree

from plasticity_bench.errors import UnrecordableError
from plasticity_bench.learners.learner import Learner, State
from plasticity_bench.learners.optimizers import Params
from plasticity_bench.networks import NetworkSpec
from plasticity_bench.recording import hook_outputs, network_constants, purity, replica_update
from plasticity_bench.recording.bits import same
from plasticity_bench.recording.graph import Graph, record
from plasticity_bench.recording.hook_errors import explained
from plasticity_bench.recording.hook_state import HookState
from plasticity_bench.recording.initial import draw, record_initial
from plasticity_bench.recording.layout import layout_of
from plasticity_bench.recording.network_constants import Constants
from plasticity_bench.recording.network_data import Data, as_data, from_data
from plasticity_bench.recording.record import Record, check_constants
from plasticity_bench.recording.replica_update import ReplicaUpdate

SEEDS = (0, 1)
"""Of the networks that are compared; no replica's parameters are drawn with them."""
COUNTS = (9, 99, 999)
"""The recorded update is compared with the hooks as the next of that many updates."""

Hook = Callable[..., Any]


class Recorder:
    """Records one learner on one network.

    Attributes:
        record: all but its updates, whose shapes are not known yet.
    """

    def __init__(
        self, learners: Sequence[Learner], spec: NetworkSpec, lifted: Sequence[str] = ()
    ) -> None:
        """Record all but updates.

        Args:
            learners: of one class, one for each setting; they differ in `lifted` only.
            spec: the network that they are asked to build.
            lifted: names of the hyperparameters that differ.

        Raises:
            BadInputError: if their networks differ in more than parameters.
            LearnerError: if a hook raises, returns what it must not, or depends on more than its
                arguments.
        """
        self._learner, self._spec, self._lifted = learners[0], spec, tuple(lifted)
        with explained(self._learner):
            self._hook_state = HookState(self._learner)
            initial = self._hook_state.call(lambda: self._networks(learners))
            self._learner = self._learner.on_network(self._module)
            self._hook_state.add_network(self._module, self._learner)
            self._replica = ReplicaUpdate.of(self._learner, self._module, spec)
            self._values = [
                torch.tensor(getattr(self._learner, name), dtype=torch.float64) for name in lifted
            ]
            self.record = self._recorded(initial)

    def update(
        self, inputs: Sequence[int], targets: Sequence[int], *, regression: bool = False
    ) -> Graph:
        """Return the graph of one replica's update.

        It is a function of the lifted hyperparameters, the tensors of the state, the key of the
        update's noise, inputs and targets; it returns the tensors of the state after it.

        Args:
            inputs: shape of a batch's inputs, (batch, *input_shape).
            targets: shape of its targets, (batch,) or (batch, outputs).
            regression: whether targets are values.

        Raises:
            LearnerError: if a hook raises, or depends on more than its arguments.
        """
        with explained(self._learner), torch.no_grad():
            batch = self._batch(inputs, targets, regression)
            arguments = (self._state, torch.tensor(0), *batch)
            graph = self._graph(self._replica.update, arguments)
            if purity.is_due(self._learner):
                self._check(arguments, graph)
        check_constants(self.record.learner, self.record.num_constants + graph.num_constants)
        return graph

    def _batch(
        self, inputs: Sequence[int], targets: Sequence[int], regression: bool
    ) -> tuple[Tensor, Tensor]:
        """Numbers to call hooks with, which have nothing to do with any task's."""
        generator = torch.Generator().manual_seed(0)
        drawn = torch.randn(*inputs, generator=generator)
        if regression:
            return drawn, torch.randn(*targets, generator=generator)
        return drawn, torch.randint(self._spec.num_outputs, tuple(targets), generator=generator)

    def _networks(self, learners: Sequence[Learner]) -> tuple[Graph, ...]:
        """How parameters are drawn, by setting; the networks must differ in nothing else."""
        learner = self._learner
        self._module, first = self._built(learner, SEEDS[0])
        hook_outputs.network(learner, self._module, self._spec)
        constants = Constants(self._module, self._spec)
        constants.check_unchanging(learner)
        again, second = self._built(learner, SEEDS[1])
        different = constants.difference(again)
        if different is None and first.as_json() != second.as_json():
            different = "how their parameters are drawn"
        if different is not None:
            raise network_constants.differing(learner, different)
        initial = [first]
        for other in learners[1:]:
            if not learner.overrides("build"):
                initial.append(first)
                continue
            module, drawn = self._built(other, SEEDS[0])
            different = constants.difference(module, graph=True)
            if different is not None:
                raise network_constants.differing(learner, different, self._lifted)
            initial.append(drawn)
        return tuple(initial)

    def _built(self, learner: Learner, seed: int) -> tuple[nn.Module, Graph]:
        with torch.random.fork_rng(devices=[]), torch.device("cpu"):
            torch.default_generator.manual_seed(seed)
            return record_initial(lambda: hook_outputs.module(learner, learner.build(self._spec)))

    def _recorded(self, initial: tuple[Graph, ...]) -> Record:
        learner = self._learner
        names = [name for name, _ in self._module.named_parameters()]
        fresh = draw(initial[0], names, SEEDS[0])
        begins = functools.partial(replica_update.restart, spec=self._spec)
        restart = self._hook_state.call(lambda: self._graph(begins, (fresh,)))
        self._state: State = pytree.tree_map(
            lambda tensor: tensor.detach().clone(), begins(learner, fresh)
        )
        predict, begin = None, None
        if learner.overrides("predict_params"):
            predict = self._graph(replica_update.predict_params, (self._state,))
        if learner.overrides("begin_task"):
            arguments = (self._state, torch.tensor(0), fresh)
            begin = self._hook_state.call(lambda: self._graph(replica_update.begin_task, arguments))
        made = Record(
            type(learner).__name__,
            self._lifted,
            tuple(names),
            self._network(fresh),
            initial,
            layout_of(self._state),
            restart,
            predict,
            begin,
        )
        check_constants(made.learner, made.num_constants)
        return made

    def _network(self, params: Params) -> Data:
        """The network as plain data, which computes what the network does."""
        data = as_data(self._module)
        again = from_data(data)
        for count in (2, 3):
            generator = torch.Generator().manual_seed(count)
            inputs = torch.randn(count, *self._spec.input_shape, generator=generator)
            outputs = [functional_call(m, params, (inputs,)) for m in (self._module, again)]
            if not same(outputs[:1], outputs[1:]):
                raise UnrecordableError("its network computes something else when it is rebuilt")
        return data

    def _graph(self, hook: Hook, arguments: tuple[Any, ...]) -> Graph:
        """The graph of a function of (learner, *one replica's tensors)."""
        bound = self._bound(hook)
        batched = pytree.tree_map(lambda tensor: torch.stack([tensor, tensor]), arguments)
        lifted = [torch.stack([value, value]) for value in self._values]
        with torch.no_grad():
            vmap(bound)(lifted, *batched)  # what cannot be mapped is told with its line
        return record(bound, (self._values, *arguments))

    def _bound(self, hook: Hook) -> Hook:
        def bound(values: Sequence[Tensor], *arguments: Any) -> Any:
            named = dict(zip(self._lifted, values, strict=True))
            return hook(self._learner.with_values(named), *arguments)

        return bound

    def _check(self, arguments: tuple[Any, ...], graph: Graph) -> None:
        """Check that hooks depend on their arguments only."""
        update = functools.partial(self._bound(self._replica.update), self._values)
        purity.check_repeatable(
            self._learner, self._hook_state, lambda: pytree.tree_leaves(update(*arguments))
        )
        state, key, inputs, targets = arguments
        for count in COUNTS:
            later = (
                state._replace(step=state.step + count),
                key + count,
                inputs.flip(0),
                targets.roll(1, 0),
            )
            recorded = graph(*self._values, *pytree.tree_leaves(later))
            purity.check_recorded(self._learner, recorded, pytree.tree_leaves(update(*later)))
