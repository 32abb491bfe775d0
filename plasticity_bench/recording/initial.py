"""How a network's parameters are drawn, as a graph whose randomness is PyTorch's generator."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

from plasticity_bench.errors import UnrecordableError
from plasticity_bench.recording.graph import Graph, Node
from plasticity_bench.recording.plain_data import Value

Place = tuple[Any, ...]


def record_initial(make: Callable[[], nn.Module]) -> tuple[nn.Module, Graph]:
    """Return a newly made network, and the graph of its parameters' initialisation.

    Args:
        make: draws from PyTorch's generator, whose state it leaves changed.

    Raises:
        UnrecordableError: if a parameter is made by what no graph can hold.
    """
    recording = _Recording()
    with recording:
        module = make()
    graph = recording.graph([value for _, value in module.named_parameters()])
    graph.check(random=True)
    return module, graph


def draw(initial: Graph, names: list[str], seed: int) -> dict[str, Tensor]:
    """Return initial parameters by name, a function of a seed.

    They are made on the CPU, so that a seed gives the same on every device. The generator's state
    is restored.
    """
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.default_generator.manual_seed(seed)
        values = initial()
    return {name: value.detach().clone() for name, value in zip(names, values, strict=True)}


class _Recording(TorchDispatchMode):
    """Notes all operations on tensors.

    A tensor is known by its place in memory, because PyTorch makes a parameter of a tensor without
    an operation.
    """

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """PyTorch's compiler would be imported to be told not to compile what is never compiled."""
        return False

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._nodes: list[tuple[str, Any, Any]] = []
        self._constants: list[Tensor] = []
        self._known: dict[Place, _Reference] = {}
        self._kept: list[Tensor] = []  # so that no place is used twice

    def __torch_dispatch__(
        self, function: Any, _types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if _on_meta((args, kwargs)):  # no numbers: a network whose parameters are counted
            return function(*args, **kwargs)
        noted = pytree.tree_map(self._noted, (args, kwargs))
        result = function(*args, **kwargs)
        self._nodes.append((str(function), *noted))
        self._learn(result)
        return result

    def graph(self, results: list[Tensor]) -> Graph:
        """Return what was recorded, as a function of nothing that returns some tensors."""
        outputs = [self._noted(result) for result in results]
        count = len(self._constants)

        def final(entry: Any) -> Any:
            if not isinstance(entry, _Reference):
                return entry
            return Value(entry.number if entry.constant else count + entry.number)

        nodes = tuple(
            Node(name, tuple(pytree.tree_map(final, args)), pytree.tree_map(final, kwargs))
            for name, args, kwargs in self._nodes
        )
        numbers = tuple(final(output).number for output in outputs)
        return Graph((), tuple(self._constants), nodes, numbers)

    def _learn(self, result: Any) -> None:
        number = len(self._nodes) - 1
        if isinstance(result, Tensor):
            self._known[_place(result)] = _Reference(number)
            self._kept.append(result)
        elif isinstance(result, list | tuple):
            for index, part in enumerate(result):
                self._nodes.append(("getitem", (_Reference(number), index), {}))
                self._known[_place(part)] = _Reference(len(self._nodes) - 1)
                self._kept.append(part)

    def _noted(self, argument: Any) -> Any:
        if not isinstance(argument, Tensor):
            return argument
        place = _place(argument)
        if place not in self._known:
            self._known[place] = _Reference(len(self._constants), constant=True)
            self._constants.append(argument.detach().clone())
            self._kept.append(argument)
        return self._known[place]


def _on_meta(arguments: Any) -> bool:
    return any(
        leaf.is_meta if isinstance(leaf, Tensor) else leaf.type == "meta"
        for leaf in pytree.tree_leaves(arguments)
        if isinstance(leaf, Tensor | torch.device)
    )


class _Reference:
    """A tensor of the recording: the result of a node, or a constant."""

    def __init__(self, number: int, *, constant: bool = False) -> None:
        self.number, self.constant = number, constant


def _place(tensor: Tensor) -> Place:
    if tensor.layout != torch.strided:
        raise UnrecordableError("build makes a tensor that is not dense")
    storage = tensor.untyped_storage()
    place = (storage._cdata, tensor.storage_offset(), tensor.shape, tensor.stride(), tensor.dtype)
    return (*place,) if tensor.numel() else (id(tensor),)
