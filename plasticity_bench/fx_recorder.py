"""Records the tensor operations of a function as a graph of torch.fx.

PyTorch's own recorder, `make_fx`, gives the same graphs in two to three times the time: it also
notes what only PyTorch's compiler reads.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch._subclasses import FakeTensor, FakeTensorMode
from torch.fx._lazy_graph_module import _make_graph_module, _use_lazy_graph_module
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode, autograd_would_have_decomposed
from torch.utils.weak import WeakTensorKeyDictionary

from plasticity_bench.errors import UnrecordableError

aten = torch.ops.aten
KINDS = (Tensor, nn.Parameter, FakeTensor)
OF_SHAPE = (aten.size.default, aten.stride.default, aten.storage_offset.default)
READING = (aten.equal.default, aten.is_nonzero.default)
"""Operations whose result in Python depends on values, beside those that PyTorch marks so."""

Operation = Any  # a torch._ops.OpOverload
Decompositions = Mapping[Any, Callable[..., Any]]


class FxRecorder(TorchDispatchMode):
    """Notes all operations on tensors while it is active.

    It sees what PyTorch's dispatcher calls when autograd and vmap have done their part. A tensor is
    known by its identity; one that no operation has made is a constant, a new attribute of the
    graph wherever it is used.
    """

    supports_higher_order_operators = True  # so that they are refused with a clear message

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """PyTorch's compiler would be imported to be told not to compile what is never compiled."""
        return False

    def __init__(
        self,
        decompositions: Decompositions = MappingProxyType({}),
        fake: FakeTensorMode | None = None,
    ) -> None:
        """Begin a graph.

        Args:
            decompositions: functions that make operations of simpler ones.
            fake: makes the tensors without data that stand in the graph for results, as PyTorch's
                compiler reads them; without it they are on the device "meta", which takes a tenth
                of the time.
        """
        super().__init__()  # type: ignore[no-untyped-call]
        self._decompositions, self._fake = decompositions, fake
        self._graph, self._root = fx.Graph(), nn.Module()
        self._nodes = WeakTensorKeyDictionary()
        self._literals = WeakTensorKeyDictionary()  # the values of results that are known
        self._constants: dict[int, tuple[str, Tensor]] = {}  # by identity

    def record(
        self, function: Callable[..., Tensor | list[Tensor]], examples: Sequence[Tensor]
    ) -> fx.GraphModule:
        """Return the graph of a function's operations on example arguments.

        Raises:
            RuntimeError: if it depends on the value of a tensor other than a literal.
            UnrecordableError: if it does what is no operation on tensors.
        """
        for number, tensor in enumerate(examples):
            self._know(tensor, self._graph.placeholder(f"arg{number}"))
        with self:
            results = function(*examples)
        self._graph.output(pytree.tree_map_only(Tensor, self._node_of, results))
        # Most graphs are only read: Python is written of one when it is called.
        with _use_lazy_graph_module(True):
            return _make_graph_module(self._root, self._graph)

    def __torch_dispatch__(
        self, function: Operation, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Do an operation, and note it or the simpler ones that it consists of."""
        kwargs = kwargs or {}
        if not isinstance(function, torch._ops.OpOverload):
            raise UnrecordableError(f"it calls {function}, which is no operation on tensors")
        if function is torch.ops.prim.device.default:
            return function(*args, **kwargs)
        tensors = [x for x in pytree.tree_leaves((args, kwargs)) if isinstance(x, Tensor)]
        result = NotImplemented
        if function in self._decompositions:
            with self:
                result = self._decompositions[function](*args, **kwargs)
        elif function not in OF_SHAPE and autograd_would_have_decomposed(function, tensors):
            with self:
                result = function.decompose(*args, **kwargs)
        if result is NotImplemented and all(type(tensor) in KINDS for tensor in tensors):
            result = self._noted(function, tensors, args, kwargs)
        return result

    def _noted(self, function: Operation, tensors: list[Tensor], args: Any, kwargs: Any) -> Any:
        """Do one operation, and note it."""
        is_random = torch.Tag.nondeterministic_seeded in function.tags
        is_known = not is_random and all(
            tensor in self._literals or tensor not in self._nodes for tensor in tensors
        )
        literal = None
        if is_known and any(tensor in self._literals for tensor in tensors):
            literal = function(*self._numbers(args), **self._numbers(kwargs))
        if function in READING or torch.Tag.data_dependent_output in function.tags:
            if not is_known:
                raise RuntimeError(
                    f"data-dependent control flow: {function} reads a tensor's value"
                )
            return function(*args, **kwargs) if literal is None else literal
        if function is aten.lift_fresh.default:  # of a new literal, which may be changed in place
            function, literal = aten.lift_fresh_copy.default, args[0].clone()
        node = self._graph.call_function(
            function, *pytree.tree_map_only(Tensor, self._node_of, (args, kwargs))
        )
        result = function(*args, **kwargs)
        self._know(result, node)
        if isinstance(result, Tensor):
            self._literals.pop(result, None)
            if literal is not None and result.numel() == 1:
                self._literals[result] = literal
        return result

    def _know(self, result: Any, node: fx.Node) -> None:
        """Note which node has made a result, and the result's shape, strides and dtype."""
        node.meta["val"] = pytree.tree_map_only(Tensor, self._without_data, result)
        if isinstance(result, Tensor):
            self._nodes[result] = node
        elif isinstance(result, list | tuple):
            for index, part in enumerate(result):
                self._know(part, self._graph.call_function(operator.getitem, (node, index)))

    def _node_of(self, tensor: Tensor) -> fx.Node:
        node: fx.Node | None = self._nodes.get(tensor)
        if node is None:
            name = f"constant{len(self._constants)}"
            name, _ = self._constants.setdefault(id(tensor), (name, tensor))
            setattr(self._root, name, tensor)
            node = self._graph.get_attr(name)
            node.meta["val"] = self._without_data(tensor)
        return node

    def _numbers(self, arguments: Any) -> Any:
        """Arguments with literals in place of the tensors that stand for them."""
        return pytree.tree_map_only(Tensor, lambda x: self._literals.get(x, x), arguments)

    def _without_data(self, tensor: Tensor) -> Tensor:
        shape, strides, dtype = tensor.shape, tensor.stride(), tensor.dtype
        if self._fake is None:
            return torch.empty_strided(shape, strides, dtype=dtype, device="meta")
        with self._fake:
            return torch.empty_strided(shape, strides, dtype=dtype, device=tensor.device)
