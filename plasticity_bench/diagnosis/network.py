"""Anybody's network and batch, made ready for measurements: copied, checked, one tensor out."""

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from plasticity_bench.errors import BadInputError
from plasticity_bench.measurements.common import measuring

ROUNDING = 1e-2
"""Of outputs in batches of other sizes, relative to the largest."""

LOGITS = ("logits", "out")
"""Where objects and dictionaries have a network's outputs: in Hugging Face's and torchvision's."""


def unwrapped(module: nn.Module) -> nn.Module:
    """Return the network inside of one that is spread over devices, or compiled."""
    if isinstance(module, nn.DataParallel | nn.parallel.DistributedDataParallel):
        return unwrapped(module.module)
    compiled = getattr(module, "_orig_mod", None)
    return unwrapped(compiled) if isinstance(compiled, nn.Module) else module


def network_of(module: nn.Module) -> nn.Module:
    """Return a copy of a network that returns its logits as one tensor, (n, outputs).

    The copy is in evaluation mode, and in float32 where the network is in half precision.

    Raises:
        BadInputError: if it has no parameters or lazy ones, one is NaN or infinite, or it cannot be
            copied.
    """
    if not isinstance(module, nn.Module):
        raise BadInputError(
            f"The network must be a torch.nn.Module, not a {type(module).__name__}."
        )
    _check_parameters(module)
    try:
        network = copy.deepcopy(module)
    except Exception as error:
        raise BadInputError(
            f"The network cannot be copied ({type(error).__name__}: {error}), and is not measured "
            "in place: remove what cannot be copied from its attributes."
        ) from None
    if any(p.dtype in (torch.float16, torch.bfloat16) for p in network.parameters()):
        network = network.float()
    network.register_forward_hook(lambda _module, _arguments, outputs: logits_of(outputs))
    return network.eval()


def _check_parameters(module: nn.Module) -> None:
    params = dict(module.named_parameters())
    if not params:
        raise BadInputError("The network has no parameters: there is nothing to measure.")
    for name, value in params.items():
        if is_lazy(value):
            raise BadInputError(
                f"The parameter {name} is lazy: apply the network to a batch once, which makes it."
            )
        broken = int((~value.isfinite()).sum())
        if broken:
            raise BadInputError(
                f"The parameter {name} is NaN or infinite in {broken:,} of its {value.numel():,} "
                "entries: nothing can be measured. Take an earlier checkpoint."
            )


def logits_of(outputs: Any) -> Tensor:
    """Return the logits among a network's outputs.

    Args:
        outputs: a tensor; an object or a dictionary with `logits`, as Hugging Face's models return,
            or `out`, as torchvision's do; or a tuple or list that begins with one of these.

    Raises:
        BadInputError: if it is something else.
    """
    if isinstance(outputs, Tensor):
        return outputs
    for name in LOGITS:
        if isinstance(outputs, Mapping) and isinstance(outputs.get(name), Tensor):
            return outputs[name]  # type: ignore[no-any-return]
        if isinstance(getattr(outputs, name, None), Tensor):
            return getattr(outputs, name)  # type: ignore[no-any-return]
    if isinstance(outputs, tuple | list) and outputs:
        return logits_of(outputs[0])
    kind = type(outputs).__name__
    has = f" with {', '.join(map(str, outputs))}" if isinstance(outputs, Mapping) else ""
    raise BadInputError(
        f"The network returns a {kind}{has}, in which its logits are not found: wrap it in a "
        "module whose forward returns one tensor of (examples, outputs)."
    )


def checked_batch(
    network: nn.Module, inputs: Tensor, targets: Tensor | None
) -> tuple[Tensor, Tensor | None, Tensor]:
    """Return inputs and targets as the network takes them, and its logits.

    Args:
        network: of `network_of`.
        inputs: (n, *input_shape), of floats, or integers such as tokens.
        targets: (n,) labels, (n, outputs) values, or None.

    Returns:
        inputs on the network's device and, if floats, in its dtype; targets as int64 labels or as
        floats like the logits; logits (n, outputs).

    Raises:
        BadInputError: if they do not fit together, or are not finite.
    """
    like = next(network.parameters())
    inputs = tensor_of(inputs, "inputs").to(like.device)
    if len(inputs) < 2:
        raise BadInputError(
            f"The inputs have shape {tuple(inputs.shape)}: their first dimension must be of two "
            "examples or more."
        )
    if inputs.is_floating_point():
        inputs = inputs.to(like.dtype)
    _refuse_non_finite(inputs, "inputs")
    logits = _applied(network, inputs)
    _check_rows(network, inputs, logits)
    if targets is None:
        return inputs, None, logits
    targets = tensor_of(targets, "targets").to(like.device)
    if len(targets) != len(inputs):
        raise BadInputError(f"There are {len(targets)} targets for {len(inputs)} inputs.")
    if targets.is_floating_point():
        return inputs, _checked_values(targets, logits), logits
    return inputs, _checked_labels(targets, logits), logits


def _check_rows(network: nn.Module, inputs: Tensor, logits: Tensor) -> None:
    """Refuse a network whose outputs for an example depend on the others."""
    half = len(inputs) // 2
    parts = torch.cat([_applied(network, part) for part in (inputs[half:], inputs[:half])])
    parts = torch.cat([parts[len(inputs) - half :], parts[: len(inputs) - half]])
    if (logits - parts).abs().max() > ROUNDING * logits.abs().max():
        raise BadInputError(
            "The network's outputs for an example depend on the other examples of its batch, so "
            "that no measurement is of the network alone: compute each from its own inputs."
        )


def tensor_of(given: Any, what: str) -> Tensor:
    """Return inputs or targets, `what` in words, as a tensor with a row for each example.

    Raises:
        BadInputError: if they are something else.
    """
    try:
        tensor = torch.as_tensor(given).detach()
    except Exception:
        raise BadInputError(
            f"The {what} must be one tensor or array, not a {type(given).__name__}."
        ) from None
    if tensor.ndim == 0:
        raise BadInputError(f"The {what} must have a row for each example, not be one number.")
    return tensor


def _refuse_non_finite(values: Tensor, what: str) -> None:
    broken = int((~values.isfinite().flatten(1).all(1)).sum())
    if broken:
        raise BadInputError(
            f"The {what} of {broken} of {len(values)} examples are NaN or infinite."
        )


def _applied(network: nn.Module, inputs: Tensor) -> Tensor:
    try:
        with torch.no_grad(), measuring(network):
            logits: Tensor = network(inputs)
    except BadInputError:
        raise
    except Exception as error:
        raise BadInputError(
            f"The network cannot be applied to inputs of shape {tuple(inputs.shape)} and type "
            f"{inputs.dtype}: {type(error).__name__}: {error}"
        ) from None
    if logits.ndim != 2 or len(logits) != len(inputs):
        raise BadInputError(
            f"The network's outputs have shape {tuple(logits.shape)} for {len(inputs)} examples; "
            "what is measured needs one row of outputs for each example, (examples, outputs)."
        )
    return logits


def _checked_labels(labels: Tensor, logits: Tensor) -> Tensor:
    num_classes = logits.shape[1]
    if labels.dtype == torch.bool or labels.is_complex() or labels.ndim != 1:
        raise BadInputError(
            f"Labels are integers of shape (examples,), not {labels.dtype} of shape "
            f"{tuple(labels.shape)}."
        )
    if num_classes < 2:
        raise BadInputError(
            "The network has one output, and labels need one for each class: wrap it in a module "
            "that returns (0, output), or give the targets as floats for a squared error."
        )
    labels = labels.long()  # PyTorch cannot order those of some types
    least, most = int(labels.min()), int(labels.max())
    if least < 0 or most >= num_classes:
        raise BadInputError(
            f"Labels are from 0 to {num_classes - 1}, one for each of the network's outputs, but "
            f"these are from {least} to {most}."
        )
    return labels


def _checked_values(values: Tensor, logits: Tensor) -> Tensor:
    if values.shape == logits.shape[:1]:
        values = values[:, None]
    if values.shape != logits.shape:
        raise BadInputError(
            f"Targets that are floats have the shape of the network's outputs, "
            f"{tuple(logits.shape)}, not {tuple(values.shape)}; labels are integers."
        )
    _refuse_non_finite(values, "targets")
    return values.to(logits.dtype)
