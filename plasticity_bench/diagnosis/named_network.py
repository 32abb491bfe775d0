"""A network's architecture by name: the user's own callable, or a family of the benchmark."""

import importlib
import re
from collections.abc import Callable, Mapping

from torch import Tensor, nn

from plasticity_bench.errors import BadInputError, did_you_mean
from plasticity_bench.networks import NetworkSpec, build_network
from plasticity_bench.networks.keys import KEYS
from plasticity_bench.suite import yaml_source


def named_network(
    name: str, inputs: Tensor, state: Mapping[str, Tensor]
) -> Callable[[], nn.Module]:
    """Return what makes a network of an architecture.

    Args:
        name: "module:callable", whose call without arguments returns the network; or a network as
            suites state it, such as "{name: mlp, hidden: [64]}".
        inputs: (n, *input_shape), whose shape a family's network has.
        state: the parameters, whose last bias has the number of outputs.

    Raises:
        BadInputError: if there is no such callable or network, or it returns something else.
    """
    if name.strip().startswith("{"):
        spec = _spec(name, inputs, state)
        return lambda: build_network(spec)
    if not re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*", name):
        raise BadInputError(
            f"--network {name}: give module:callable, where the callable returns a new network, or "
            "a network as suites state it, such as '{name: mlp, hidden: [64]}'."
        )
    make = _imported(*name.split(":"))

    def checked() -> nn.Module:
        try:
            network = make()
        except Exception as error:
            raise BadInputError(
                f"--network {name}: the call failed: {type(error).__name__}: {error}"
            ) from error
        if not isinstance(network, nn.Module):
            raise BadInputError(
                f"--network {name}: it returns a {type(network).__name__}, not a torch.nn.Module."
            )
        return network

    return checked


def _imported(module_name: str, attribute: str) -> Callable[[], nn.Module]:
    told = f"--network {module_name}:{attribute}"
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise BadInputError(
            f"{told}: there is no module {error.name!r} in the current folder or among the "
            "installed packages."
        ) from None
    except (Exception, SystemExit) as error:
        raise BadInputError(
            f"{told}: importing {module_name} failed: {type(error).__name__}: {error}"
        ) from error
    make = getattr(module, attribute, None)
    if not callable(make):
        names = [key for key, value in vars(module).items() if callable(value)]
        raise BadInputError(
            f"{told}: {module_name} has no callable {attribute!r}. {did_you_mean(attribute, names)}"
        )
    return make  # type: ignore[no-any-return]


def _spec(text: str, inputs: Tensor, state: Mapping[str, Tensor]) -> NetworkSpec:
    keys = yaml_source.parse(text, "--network").value
    if not isinstance(keys, dict) or not all(isinstance(key, str) for key in keys):
        raise BadInputError(
            f"--network {text}: write it as in a suite, such as '{{name: mlp, hidden: [64]}}'."
        )
    known = ["name", *KEYS]
    for key in keys:
        if key not in known:
            raise BadInputError(f"--network has no key {key!r}. {did_you_mean(key, known)}")
    if "head.bias" not in state:
        raise BadInputError(
            f"--network {text}: the parameters have no 'head.bias', so they are not of one of the "
            "benchmark's networks: give your own as module:callable."
        )
    try:
        return NetworkSpec(
            **keys, input_shape=tuple(inputs.shape[1:]), num_outputs=len(state["head.bias"])
        )
    except (TypeError, ValueError) as error:
        raise BadInputError(f"--network {text}: {error}") from None
