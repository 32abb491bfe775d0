"""Networks and batches from files, without running what is in them."""

import contextlib
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from plasticity_bench.errors import BadInputError, did_you_mean

NESTED = ("state_dict", "model_state_dict", "model", "network", "net")
"""Keys under which checkpoints keep the parameters."""

WRAPPERS = ("module.", "_orig_mod.")
"""What DataParallel and torch.compile put before each name."""

INPUTS = ("inputs", "x", "pixel_values", "input_ids", "images", "data")
TARGETS = ("targets", "y", "labels", "label")


def read_state(path: Path) -> dict[str, Tensor]:
    """Return the parameters and buffers in a file, by name.

    Args:
        path: of `torch.save(network.state_dict(), path)`, also as one entry of a checkpoint, or of
            safetensors.

    Raises:
        BadInputError: if there is no such file, or no state in it.
    """
    state = _read(path)
    for key in NESTED:
        if isinstance(state, Mapping) and isinstance(state.get(key), Mapping):
            state = state[key]
            break
    if not isinstance(state, Mapping) or not state:
        raise BadInputError(
            f"{path} holds a {type(state).__name__}, not parameters by name: save "
            "network.state_dict()."
        )
    others = [name for name, value in state.items() if not isinstance(value, Tensor)]
    if others:
        raise BadInputError(
            f"{path}: {others[0]!r} is a {type(state[others[0]]).__name__}, not a tensor. Save "
            f"network.state_dict(), or a checkpoint with it under {NESTED[0]!r}."
        )
    return {_unwrapped(str(name)): value for name, value in state.items()}


def _unwrapped(name: str) -> str:
    for wrapper in WRAPPERS:
        name = name.removeprefix(wrapper)
    return name


def load_state(network: nn.Module, state: dict[str, Tensor], path: Path) -> None:
    """Set a network's parameters and buffers.

    Raises:
        BadInputError: if the file's are others, or have other shapes.
    """
    expected = network.state_dict()
    missing = [name for name in expected if name not in state]
    if missing:
        hint = did_you_mean(missing[0], state)
        raise BadInputError(
            f"{path} has no {missing[0]!r}, which the network has ({len(missing)} of "
            f"{len(expected)} are missing). {hint}"
        )
    unknown = [name for name in state if name not in expected]
    if unknown:
        raise BadInputError(
            f"{path} has {unknown[0]!r}, which the network lacks ({len(unknown)} of {len(state)} "
            f"are unknown). {did_you_mean(unknown[0], expected)}"
        )
    for name, value in expected.items():
        if state[name].shape != value.shape:
            raise BadInputError(
                f"{path}: {name} has shape {tuple(state[name].shape)}, and in the network "
                f"{tuple(value.shape)}."
            )
    network.load_state_dict(state)


def read_batch(path: Path) -> tuple[Tensor, Tensor | None]:
    """Return inputs and, if there are any, targets.

    Args:
        path: a .npz of NumPy, a .safetensors, or a file of torch.save; with entries such as
            `inputs` and `targets`. A file of torch.save may hold a tuple of both, or inputs alone.

    Raises:
        BadInputError: if there is no such file, or no inputs in it.
    """
    held = _read_npz(path) if path.suffix == ".npz" else _read(path)
    if isinstance(held, Tensor):
        return held, None
    if isinstance(held, tuple | list) and held and all(isinstance(v, Tensor) for v in held[:2]):
        return held[0], held[1] if len(held) > 1 else None
    if isinstance(held, Mapping):
        inputs, targets = (_first_of(held, names) for names in (INPUTS, TARGETS))
        if inputs is not None:
            return inputs, targets
    has = f" with {', '.join(map(repr, list(held)[:6]))}" if isinstance(held, Mapping) else ""
    raise BadInputError(
        f"{path} holds a {type(held).__name__}{has}, in which the batch is not found: save "
        "{'inputs': ..., 'targets': ...}."
    )


def _first_of(held: Mapping[str, Any], names: tuple[str, ...]) -> Tensor | None:
    for name in names:
        if isinstance(held.get(name), Tensor):
            return held[name]  # type: ignore[no-any-return]
        if isinstance(held.get(name), list):  # of numbers
            with contextlib.suppress(TypeError, ValueError, RuntimeError):
                return torch.tensor(held[name])
    return None


def _read(path: Path) -> Any:
    _check_file(path)
    if path.suffix == ".safetensors":
        return _read_safetensors(path)
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if "Unsupported global" not in str(error):
            raise _unreadable(path) from None
        raise BadInputError(
            f"{path} holds Python objects, such as a whole network, and loading these would run "
            "code that is in it: save network.state_dict() instead, which is tensors by name."
        ) from None
    except (RuntimeError, EOFError, ValueError, KeyError, OSError):
        raise _unreadable(path) from None


def _unreadable(path: Path) -> BadInputError:
    return BadInputError(
        f"{path} cannot be read: it is damaged, or not a file of torch.save; names of safetensors "
        "end in .safetensors, and of NumPy's archives in .npz."
    )


def _read_safetensors(path: Path) -> Any:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except SafetensorError as error:
        raise BadInputError(f"{path} is not a file of safetensors: {error}") from None


def _read_npz(path: Path) -> dict[str, Tensor]:
    _check_file(path)
    held = {}
    try:
        with np.load(path, allow_pickle=False) as arrays:
            for name in arrays.files:
                held[name] = torch.from_numpy(arrays[name])
    except Exception as error:
        raise BadInputError(f"{path} cannot be read as a .npz of numbers: {error}") from None
    return held


def _check_file(path: Path) -> None:
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise BadInputError(f"{path} {what}: give a file.")
