"""What a network is beside the values of its parameters: the same for all replicas of a population.

One module computes for all replicas of a population, each with its own parameters. So their modules
may differ in parameters only: not in a scale, a slope or an epsilon, nor in structure.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call

from plasticity_bench import object_state
from plasticity_bench.errors import BadInputError, LearnerError, PlasticityBenchError
from plasticity_bench.learners.learner import Learner
from plasticity_bench.learners.optimizers import OPTIMIZERS
from plasticity_bench.networks import NetworkSpec, seeded_module
from plasticity_bench.networks.forward_graph import forward_graph
from plasticity_bench.object_state import State
from plasticity_bench.recording import hook_outputs
from plasticity_bench.recording.bits import same
from plasticity_bench.recording.hook_state import REMEDY
from plasticity_bench.standard_output import kept_for_data

_OF_OPTIMIZERS = {"optimizer", *(name for rule in OPTIMIZERS.values() for name in rule.settings)}


def example_inputs(spec: NetworkSpec) -> Tensor:
    """Return inputs to compare networks on, (2, *input_shape), always the same."""
    generator = torch.Generator().manual_seed(0)
    return torch.randn(2, *spec.input_shape, generator=generator)


def built(learner: Learner, spec: NetworkSpec, seed: int) -> nn.Module:
    """Return the network that a learner builds, a function of a seed.

    Raises:
        LearnerError: if it builds no network.
    """
    return seeded_module(lambda: hook_outputs.module(learner, learner.build(spec)), seed)


class Constants:
    """What a network is beside the values of its parameters.

    Attributes:
        changing: an attribute that the forward pass changes; None without any.
    """

    def __init__(self, module: nn.Module, spec: NetworkSpec) -> None:
        self._module, self._inputs = module, example_inputs(spec)
        self._params = {name: value.detach() for name, value in module.named_parameters()}
        self._outputs = self._computed(module)  # first, because it may fill a cache
        self._held = _held(module)
        self._computed(module)
        self.changing = object_state.changed(self._held, _held(module))
        self._graph: str | None = None

    def check_unchanging(self, learner: Learner) -> None:
        """Raise a LearnerError if the forward pass changes an attribute."""
        if self.changing is not None:
            raise LearnerError(
                f"Learner {type(learner).__name__}, hook build: the network's forward pass "
                f"changes {self.changing}: {REMEDY}."
            )

    def difference(
        self, other: nn.Module, *, attributes: bool = True, graph: bool = False
    ) -> str | None:
        """Return in what another network differs from this one; None if only in parameters.

        Args:
            other: the other network.
            attributes: whether to compare what the modules hold, beside what they compute for some
                inputs.
            graph: whether to compare every operation too.
        """
        shapes = {name: value.shape for name, value in other.named_parameters()}
        if shapes != {name: value.shape for name, value in self._params.items()}:
            return "the names or shapes of its parameters"
        outputs = self._computed(other)
        found = object_state.changed(self._held, _held(other)) if attributes else None
        if found is not None:
            return found.removeprefix("network.")
        if self._outputs is None or outputs is None:
            return None
        if not same([outputs], [self._outputs]):
            return "what its forward pass computes"
        if graph:
            self._graph = self._graph or _graph(self._module, self._inputs)
            if _graph(other, self._inputs) != self._graph:
                return "what its forward pass computes"
        return None

    def _computed(self, module: nn.Module) -> Tensor | None:
        with torch.no_grad():
            try:
                outputs: Tensor = functional_call(module, self._params, (self._inputs,))
            except RuntimeError:  # such as a buffer's; `build` is checked elsewhere
                return None
        return outputs


def _held(module: nn.Module) -> State:
    """Structure, names and shapes of parameters, and all other attributes of a network."""
    registered = {id(value) for value in module.parameters()}

    def leaf(value: object) -> object:
        if id(value) in registered:
            return {}
        if isinstance(value, Learner):  # a network that keeps its learner reads few of its settings
            settings = value.hyperparameters().items()
            return {f".{k}": v for k, v in settings if k not in _OF_OPTIMIZERS}
        return NotImplemented

    shapes = [(name, (*p.shape, p.requires_grad), p.dtype) for name, p in _all_parameters(module)]
    ties: dict[int, str] = {}
    tied = [ties.setdefault(id(p), name) for name, p in _all_parameters(module)]
    parts = {f"its parameters {name}": repr((shape, kind)) for name, shape, kind in shapes}
    kinds = {f"its layer {k}": type(m).__qualname__ for k, m in module.named_modules()}
    roots: dict[str, object] = {**parts, "which parameters it shares": repr(tied), **kinds}
    return object_state.state_of({**roots, "network": module}, leaf=leaf)


def _all_parameters(module: nn.Module) -> list[tuple[str, nn.Parameter]]:
    return list(module.named_parameters(remove_duplicate=False))


def _graph(module: nn.Module, inputs: Tensor) -> str:
    """A digest of the forward pass in training and evaluation; blank if it cannot be recorded."""
    digests = []
    for training in (True, False):
        modes = {part: part.training for part in module.modules()}
        module.train(training)
        try:
            digests.append(forward_graph(module, inputs).fingerprint())
        except Exception:
            digests.append("")
        finally:
            for part, mode in modes.items():
                part.training = mode
    return " ".join(digests)


def differing(
    learner: Learner, different: str, settings: Sequence[str] = ()
) -> PlasticityBenchError:
    """Return the error of networks that differ in more than parameters.

    Args:
        learner: that built them.
        different: in what they differ.
        settings: the hyperparameters that differ; without any, the networks are of two seeds.
    """
    if settings:
        return BadInputError(
            f"Replicas that differ in {', '.join(settings)} cannot be one population: `build` "
            f"depends on it, and their networks differ in {different}."
        )
    return LearnerError(
        f"Learner {type(learner).__name__}, hook build: two networks of the same settings differ "
        f"in {different}, although all replicas share everything but parameters: make it a "
        "parameter that is frozen, by requires_grad_(False); or keep it in memory(); or "
        "draw it from a generator with a seed of its own."
    )


@kept_for_data()
def by_network(learners: Sequence[Learner], spec: NetworkSpec) -> list[list[int]]:
    """Return the indices of learners whose networks differ in parameters only, group by group.

    Args:
        learners: of one class; one whose `build` raises is in a group of its own.
        spec: what they are asked to build.
    """
    if not learners or not learners[0].overrides("build"):
        return [list(range(len(learners)))]
    groups: list[tuple[Constants | None, list[int]]] = []
    of_setting: dict[str, list[int]] = {}
    for index, learner in enumerate(learners):
        setting = repr(learner.hyperparameters())
        if setting not in of_setting:
            of_setting[setting] = _group_of(learner, spec, groups)
        of_setting[setting].append(index)
    return [indices for _, indices in groups]


def _group_of(
    learner: Learner, spec: NetworkSpec, groups: list[tuple[Constants | None, list[int]]]
) -> list[int]:
    try:
        module = built(learner, spec, 0)
        for constants, indices in groups:
            if constants is not None and constants.difference(module, graph=True) is None:
                return indices
        groups.append((Constants(module, spec), []))
    except Exception:  # a run of its own reports it
        groups.append((None, []))
    return groups[-1][1]
