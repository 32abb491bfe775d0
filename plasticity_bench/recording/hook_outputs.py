"""Validation of what a learner's hooks return.

A check costs nothing in a recorded update, because it looks at types, names and shapes only.
Without it, a hook that returns a dictionary with other keys, or in another order, would silently
train another network.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from plasticity_bench.errors import LearnerError
from plasticity_bench.learners.learner import Learner, State
from plasticity_bench.networks import NetworkSpec
from plasticity_bench.networks.attention import written_out
from plasticity_bench.networks.functional import frozen_parameters

_STORABLE = {
    *(torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.complex64),
    *(torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.bool),
}
"""Types of tensors that checkpoints can store (running/checkpoints.py)."""


def validate(learner: Learner, hook: str, returned: Any, like: Any, name: str = "") -> Any:
    """Return what a hook returned, with every dictionary in the order of `like`.

    Tensors of float64 are rounded to float32: a hyperparameter that differs between replicas is a
    float64 tensor, and makes some operations return float64.

    Raises:
        LearnerError: if its types, keys, shapes or dtypes are not those of `like`.
    """
    tensor_name = name or "it"
    if isinstance(like, State):
        if not isinstance(returned, State):
            raise _fault(learner, hook, f"must return a State, not {_kind(returned)}")
        pairs = zip(like._fields, returned, like, strict=True)
        return State(*(validate(learner, hook, r, entry, field) for field, r, entry in pairs))
    if isinstance(like, dict):
        if not isinstance(returned, dict):
            raise _fault(
                learner, hook, f"{tensor_name} must be a dictionary, not {_kind(returned)}"
            )
        if returned.keys() != like.keys():
            raise _fault(learner, hook, _other_keys(tensor_name, returned, like))
        prefix = f"{name}." if name else ""
        return {
            key: validate(learner, hook, returned[key], entry, f"{prefix}{key}")
            for key, entry in like.items()
        }
    if not isinstance(returned, Tensor):
        raise _fault(learner, hook, f"{tensor_name} must be a tensor, not {_kind(returned)}")
    if (returned.dtype, like.dtype) == (torch.float64, torch.float32):
        returned = returned.float()
    if (returned.shape, returned.dtype) != (like.shape, like.dtype):
        raise _fault(
            learner,
            hook,
            f"{tensor_name} must stay {_looks(like)}, but is {_looks(returned)}",
        )
    return returned


def for_hook(state: State) -> State:
    """Return the state in new dictionaries, which a hook may change.

    Otherwise a key that a hook adds would also be in what its result is compared with.
    """
    copied: State = pytree.tree_map(lambda tensor: tensor, state)
    return copied


def scalar(learner: Learner, hook: str, returned: Any) -> Any:
    """Return a loss or penalty.

    Raises:
        LearnerError: if it is no scalar tensor.
    """
    if isinstance(returned, Tensor) and returned.shape == ():
        return returned
    if isinstance(returned, int | float):
        return returned
    if isinstance(returned, Tensor):
        remedy = "add it up with .sum(), or take its .mean()"
        raise _fault(
            learner, hook, f"must return a scalar tensor, not {_looks(returned)}: {remedy}"
        )
    remedy = "does it end with `return ...`?" if returned is None else "return a number"
    raise _fault(learner, hook, f"must return a scalar tensor, not {_kind(returned)}: {remedy}")


def count(learner: Learner, hook: str, returned: Any) -> int:
    """Return a number of examples.

    Raises:
        LearnerError: if it is no whole number from 0.
    """
    if isinstance(returned, bool) or not isinstance(returned, int) or returned < 0:
        raise _fault(learner, hook, f"must return a whole number from 0, not {returned!r:.50}")
    return returned


def no_common_keys(learner: Learner, memory: dict[str, Any], examples: dict[str, Any]) -> None:
    """Raise a LearnerError if a memory has an entry that is made for examples."""
    common = sorted(memory.keys() & examples.keys())
    if common:
        raise _fault(learner, "memory", f"{common} are made by stored_examples: rename yours")


def tensors(learner: Learner, hook: str, returned: Any) -> dict[str, Any]:
    """Return a learner's memory.

    Raises:
        LearnerError: if it is not a dictionary of tensors, or of such dictionaries, or if a
            checkpoint could not store a tensor.
    """
    if not isinstance(returned, dict):
        raise _fault(learner, hook, f"must return a dictionary of tensors, not {_kind(returned)}")
    for key, value in returned.items():
        if not isinstance(key, str):
            raise _fault(learner, hook, f"its keys must be strings, not {key!r}")
        if isinstance(value, dict):
            tensors(learner, hook, value)
        elif not isinstance(value, Tensor):
            raise _fault(learner, hook, f"{key} must be a tensor, not {_kind(value)}")
        elif value.dtype not in _STORABLE or value.layout != torch.strided:
            kind = value.dtype if value.layout == torch.strided else value.layout
            raise _fault(
                learner,
                hook,
                f"{key} is {str(kind).removeprefix('torch.')}, which a checkpoint cannot store; "
                "use a dense tensor of another dtype, such as torch.view_as_real of a complex one",
            )
    return returned


def module(learner: Learner, built: Any) -> nn.Module:
    """Return what `build` built, with PyTorch's transformer layers written out.

    Raises:
        LearnerError: if it is no module.
    """
    if not isinstance(built, nn.Module):
        raise _fault(learner, "build", f"must return a torch.nn.Module, not {_kind(built)}")
    return written_out(built)


def network(learner: Learner, module: nn.Module, spec: NetworkSpec) -> nn.Module:
    """Return what `build` built.

    Raises:
        LearnerError: if it draws at random or keeps statistics, trains nothing, or its outputs do
            not fit.
    """
    for name, part in module.named_modules():
        if isinstance(part, nn.modules.batchnorm._BatchNorm):
            raise _fault(
                learner,
                "build",
                f"{type(part).__name__} ({name}) keeps statistics inside the network, so that an "
                "example's output would depend on others; use LayerNorm or GroupNorm",
            )
        # Dropout with p = 0 is none.
        if isinstance(part, nn.modules.dropout._DropoutNd | nn.MultiheadAttention) and _drops(part):
            raise _fault(
                learner,
                "build",
                f"{type(part).__name__} ({name}) draws at random inside the network: set its "
                "dropout to 0, or use noise in a hook",
            )
    for name, value in module.named_parameters():
        if value.dtype != torch.float32:
            raise _fault(learner, "build", f"{name} must be float32, not {value.dtype}")
    if len(frozen_parameters(module)) == len(list(module.parameters())):
        raise _fault(learner, "build", "the network has no parameter that is trained")
    with torch.no_grad():
        outputs = module(torch.zeros(2, *spec.input_shape))
    if not isinstance(outputs, Tensor) or outputs.shape != (2, spec.num_outputs):
        looks = _looks(outputs) if isinstance(outputs, Tensor) else _kind(outputs)
        expected = f"(examples, {spec.num_outputs})"
        raise _fault(learner, "build", f"the network must return logits {expected}, not {looks}")
    return module


def _drops(part: nn.Module) -> bool:
    return getattr(part, "dropout" if isinstance(part, nn.MultiheadAttention) else "p", 0) != 0


def _other_keys(tensor_name: str, returned: dict[str, Any], like: dict[str, Any]) -> str:
    """What is wrong with a dictionary's keys, and what to do."""
    missing, extra = sorted(like.keys() - returned), sorted(returned.keys() - like)
    if missing:
        return f"{tensor_name} lacks {missing}: return every entry, also unchanged ones"
    if tensor_name.startswith("memory"):
        return f"{tensor_name} has gained {extra}: memory() must return all keys from the start"
    return (
        f"{tensor_name} has gained {extra}: parameters are made in build only, and tensors of the "
        "learner's own in memory()"
    )


def _fault(learner: Learner, hook: str, problem: str) -> LearnerError:
    end = "" if problem.endswith("?") else "."
    return LearnerError(f"Learner {type(learner).__name__}, hook {hook}: {problem}{end}")


def _kind(value: object) -> str:
    return "None" if value is None else f"a {type(value).__name__}"


def _looks(tensor: Tensor) -> str:
    return f"{tuple(tensor.shape)} {str(tensor.dtype).removeprefix('torch.')}"
