"""Networks as plain data: known modules with their settings, and graphs of calls of those.

A module of PyTorch, or of this package, is its class and what `vars` shows of it. The forward pass
of any other module is traced by `torch.fx`, with the modules inside of it as they are.
"""

import functools
import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, fx, nn

from plasticity_bench.errors import UnrecordableError
from plasticity_bench.recording.calls import (
    called_method,
    check_data,
    check_method,
    classes,
    function_named,
    name_of,
)
from plasticity_bench.recording.plain_data import (
    Value,
    decoded,
    decoded_tensor,
    encoded,
    encoded_tensor,
)

Data = dict[str, Any]

INTERNAL = set(vars(nn.Module())) - {"training"}
"""What `nn.Module` keeps for itself."""


class Composed(nn.Module):
    """A module whose forward pass is a list of calls, as `torch.fx` traced it."""

    def __init__(self, calls: list[Any], constants: list[Tensor]) -> None:
        super().__init__()
        self._calls, self._constants = calls, constants

    def forward(self, x: Tensor) -> Any:
        """Make the calls, and return what the last one returns."""
        values: list[Any] = []

        def resolved(argument: Any) -> Any:
            if isinstance(argument, Value):
                return values[argument.number]
            if isinstance(argument, list):
                return [resolved(entry) for entry in argument]
            if isinstance(argument, tuple):
                return tuple(resolved(entry) for entry in argument)
            if isinstance(argument, slice):
                return slice(*map(resolved, (argument.start, argument.stop, argument.step)))
            return argument

        for kind, target, args, kwargs in self._calls:
            arguments = [resolved(argument) for argument in args]
            named = {name: resolved(argument) for name, argument in kwargs.items()}
            values.append(self._called(kind, target, x, arguments, named))
        return values[-1]

    def check_parameters(self) -> None:
        """Raise a ValueError if a call reads another attribute than a parameter."""
        names = {name for name, _ in self.named_parameters(remove_duplicate=False)}
        for kind, target, *_ in self._calls:
            if kind == "parameter" and target not in names:
                raise ValueError(target)

    def _called(self, kind: str, target: str, x: Tensor, args: list[Any], kwargs: Data) -> Any:
        check_data(*args, *kwargs.values())
        if kind == "call_module":
            return self.get_submodule(target)(*args, **kwargs)
        if kind == "call_method":
            return called_method(args[0], target, args[1:], kwargs)
        if kind == "call_function":
            return function_named(target)(*args, **kwargs)
        others: dict[str, Callable[[], Any]] = {
            "placeholder": lambda: x,
            "output": lambda: args[0],
            "parameter": lambda: functools.reduce(getattr, target.split("."), self),
            "constant": lambda: self._constants[int(target)].to(x.device),
        }
        return others[kind]()


def as_data(module: nn.Module) -> Data:
    """Return a network as what `json.dumps` accepts, without the values of its parameters.

    Raises:
        UnrecordableError: if its forward pass is no list of calls.
    """
    names = {id(value): name for name, value in module.named_parameters()}
    return _as_data(module, names)


def from_data(data: Data) -> nn.Module:
    """Return the network that `as_data` returned; its parameters are zero.

    Args:
        data: from a process that is not trusted.

    Raises:
        UnrecordableError: if it is none.
    """
    try:
        return _from_data(data, {})
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RuntimeError) as error:
        raise UnrecordableError(f"a malformed network: {error!r}") from None


def num_constants(data: Data) -> int:
    """Return how many numbers a network's forward pass has captured."""
    own: int = sum(math.prod(constant[0]) for constant in data.get("constants", ()))
    return own + sum(num_constants(child) for child in data["children"].values())


def _as_data(module: nn.Module, names: Mapping[int, str]) -> Data:
    parameters = {
        key: None if value is None else [names[id(value)], list(value.shape), value.requires_grad]
        for key, value in module._parameters.items()
    }
    children = {
        key: _as_data(child, names) for key, child in module._modules.items() if child is not None
    }
    data: Data = {"parameters": parameters, "children": children, "training": module.training}
    known = next((name for name, cls in classes().items() if cls is type(module)), "")
    if known and not _hooks(module) and not any(v is not None for v in module._buffers.values()):
        kept = {k: v for k, v in vars(module).items() if k not in INTERNAL and k != "training"}
        return {**data, "class": known, "attributes": {k: encoded(v) for k, v in kept.items()}}
    calls, constants = _traced(module)
    captured = [encoded_tensor(constant) for constant in constants]
    return {**data, "class": None, "calls": calls, "constants": captured}


def _hooks(module: nn.Module) -> bool:
    return bool(module._forward_hooks or module._forward_pre_hooks)


class _Shallow(fx.Tracer):
    """Traces one module's own forward pass: the modules inside are called, not traced."""

    def is_leaf_module(self, _module: nn.Module, _name: str) -> bool:
        return True


def _traced(module: nn.Module) -> tuple[list[Any], list[Tensor]]:
    if _hooks(module):
        raise UnrecordableError(f"its {type(module).__name__} has hooks of PyTorch's")
    try:
        graph = _Shallow().trace(module)
    except Exception as error:
        message = str(error).strip().splitlines()[0]
        raise UnrecordableError(
            f"the forward pass of its {type(module).__name__} cannot be traced: {message}"
        ) from error
    registered = {name for name, _ in module.named_parameters(remove_duplicate=False)}
    numbers: dict[fx.Node, int] = {}
    calls: list[Any] = []
    constants: list[Tensor] = []

    def encoded_node(argument: Any) -> Any:
        number: Any = lambda node: Value(numbers[node])  # noqa: E731
        return encoded(fx.node.map_arg(argument, number))

    for node in graph.nodes:
        kind, target = node.op, node.target
        if kind == "get_attr" and target in registered:
            kind = "parameter"
        elif kind == "get_attr":
            constant = functools.reduce(getattr, str(target).split("."), module)
            if not isinstance(constant, Tensor):
                raise UnrecordableError(f"its {type(module).__name__} reads {target}")
            kind, target = "constant", str(len(constants))
            constants.append(constant)
        elif kind == "call_function":
            target = name_of(target)
        elif kind == "call_method":
            check_method(str(target))
        args = [encoded_node(argument) for argument in node.args]
        kwargs = {name: encoded_node(argument) for name, argument in node.kwargs.items()}
        numbers[node] = len(calls)
        calls.append([kind, str(target), args, kwargs])
    return calls, constants


def _from_data(data: Data, parameters: dict[str, nn.Parameter]) -> nn.Module:
    if data["class"]:
        module: nn.Module = classes()[data["class"]].__new__(classes()[data["class"]])
        nn.Module.__init__(module)
        for name, value in data["attributes"].items():
            if not str(name).isidentifier() or hasattr(nn.Module, name) or name in INTERNAL:
                raise ValueError(name)
            setattr(module, str(name), decoded(value))
    else:
        calls = [
            (
                str(kind),
                str(target),
                decoded(args),
                decoded({"dict": named}),
            )
            for kind, target, args, named in data["calls"]
        ]
        for kind, target, *_ in calls:
            if kind == "call_function":
                function_named(target)
            elif kind == "call_method":
                check_method(target)
        constants = [decoded_tensor(constant) for constant in data["constants"]]
        module = Composed(calls, constants)
    for key, entry in data["parameters"].items():
        if entry is None:
            module.register_parameter(key, None)
            continue
        name, shape, trained = entry
        if name not in parameters:
            zeros = torch.zeros([int(size) for size in shape])
            parameters[name] = nn.Parameter(zeros, requires_grad=bool(trained))
        module.register_parameter(key, parameters[name])
    for key, child in data["children"].items():
        module.add_module(key, _from_data(child, parameters))
    if isinstance(module, Composed):
        module.check_parameters()
    module.training = bool(data["training"])
    return module
