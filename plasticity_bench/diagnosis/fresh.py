"""Fresh networks of the same architecture: what a diagnosis is compared with."""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from plasticity_bench.diagnosis.network import network_of
from plasticity_bench.errors import BadInputError
from plasticity_bench.measurements.common import measuring
from plasticity_bench.networks.initialisation import seeded_module

_RESETS = ("reset_parameters", "_reset_parameters")  # the latter is of PyTorch's attention
MOST_NAMED = 4


@dataclass(frozen=True)
class Fresh:
    """Fresh networks, and how they were made, in one sentence.

    Attributes:
        networks: of `network_of`, one for each seed; none where they could not be made.
        told: the sentence, which then says why and what to do.
    """

    networks: tuple[nn.Module, ...]
    told: str


def fresh_networks(
    module: nn.Module, make: Callable[[], nn.Module] | None, num_seeds: int, inputs: Tensor
) -> Fresh:
    """Return newly initialised networks of the architecture of a network.

    They come from, in this order: `make`; for a model of Hugging Face, its class and its config; or
    copies in which every layer's `reset_parameters` was called.

    Args:
        module: the network.
        make: returns a new network, drawing from PyTorch's global generator; or None.
        num_seeds: how many.
        inputs: (n, *input_shape), on the network's device, by which batch normalisation estimates
            its statistics.

    Raises:
        BadInputError: if `make` fails or returns another architecture.
    """
    if num_seeds == 0:
        return Fresh((), "No fresh networks were asked for.")
    told = "made by the callable that was given"
    if make is None and _is_of_hugging_face(module):
        make = lambda: type(module)(copy.deepcopy(module.config))  # noqa: E731
        told = f"{type(module).__name__}(config)"
    if make is None:
        stuck = without_reset(module)
        if stuck:
            shown = ", ".join(stuck[:MOST_NAMED]) + (", ..." if len(stuck) > MOST_NAMED else "")
            return Fresh(
                (),
                f"No fresh networks: of {shown} it is not known how to initialise them anew "
                "(parameters without a reset_parameters that changes them). Give `fresh`, a "
                "callable that returns a new network.",
            )
        make = _resetting(module)
        told = "copies after reset_parameters of every layer, which may differ from the constructor"
    networks = tuple(_made(module, make, seed, inputs) for seed in range(num_seeds))
    _check_different(networks)
    return Fresh(networks, f"{num_seeds} fresh networks: {told}.{_about_statistics(networks)}")


def without_reset(module: nn.Module) -> list[str]:
    """Return the trainable parameters that `reset_parameters` leaves as they are, by name."""
    try:
        resets = [seeded_module(_resetting(module), seed) for seed in (0, 1)]
    except Exception as error:
        return [f"the network ({type(error).__name__}: {error})"]
    others = [dict(network.named_parameters()) for network in resets]
    return [
        name
        for name, value in module.named_parameters()
        if value.requires_grad and (_never_reset(module, name) or _unchanged(name, value, others))
    ]


def _never_reset(module: nn.Module, name: str) -> bool:
    """Whether neither the owner of a parameter nor a module around it has a reset."""
    owners = name.split(".")[:-1]
    around = [module.get_submodule(".".join(owners[:i])) for i in range(len(owners) + 1)]
    return not any(callable(getattr(part, reset, None)) for part in around for reset in _RESETS)


def _unchanged(name: str, value: Tensor, others: Sequence[Mapping[str, Tensor]]) -> bool:
    """Whether resets kept a value; initial values that are constant, as zeros, may be kept."""
    value = value.detach().cpu()
    constant = bool((value == value.flatten()[:1]).all())
    return not constant and all(torch.equal(value, other[name].cpu()) for other in others)


def _resetting(module: nn.Module) -> Callable[[], nn.Module]:
    def make() -> nn.Module:
        network = copy.deepcopy(module).cpu()
        for part in reversed(list(network.modules())):  # what is inside first, as constructors do
            for reset in _RESETS:
                if callable(getattr(part, reset, None)):
                    getattr(part, reset)()
                    break
        return network

    return make


def _is_of_hugging_face(module: nn.Module) -> bool:
    return hasattr(module, "config") and callable(getattr(module, "_init_weights", None))


def _made(module: nn.Module, make: Callable[[], nn.Module], seed: int, inputs: Tensor) -> nn.Module:
    try:
        made = seeded_module(make, seed)
    except Exception as error:
        raise BadInputError(
            f"The fresh network cannot be made: {type(error).__name__}: {error}"
        ) from error
    network = network_of(made)
    _check_architecture(module, network)
    network = network.to(next(module.parameters()).device)
    if inputs.is_floating_point():
        network = network.to(inputs.dtype)
    _estimate_statistics(network, inputs)
    return network


def _check_architecture(module: nn.Module, network: nn.Module) -> None:
    expected = {name: tuple(value.shape) for name, value in module.named_parameters()}
    made = {name: tuple(value.shape) for name, value in network.named_parameters()}
    for name in {**expected, **made}:
        here, there = made.get(name, "missing"), expected.get(name, "missing")
        if here != there:
            raise BadInputError(
                f"The fresh network has another architecture: its parameter {name} is {here}, and "
                f"that of the network {there}."
            )


def _check_different(networks: Sequence[nn.Module]) -> None:
    """Refuse fresh networks that are all one: their spread would be zero."""
    first, *others = (list(network.parameters()) for network in networks)
    if others and all(map(torch.equal, first, others[0])):
        raise BadInputError(
            "The fresh networks of two seeds are equal: the callable returns the same network each "
            "time, or sets a seed of its own. Let it draw from PyTorch's global generator."
        )


def _norms(network: nn.Module) -> Iterator[_BatchNorm]:
    for part in network.modules():
        if isinstance(part, _BatchNorm) and part.track_running_stats:
            yield part


def _estimate_statistics(network: nn.Module, inputs: Tensor) -> None:
    """Set batch normalisation's running statistics to those of the inputs."""
    norms = list(_norms(network))
    if not norms:
        return
    with torch.no_grad(), measuring(network):
        momenta = [norm.momentum for norm in norms]
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # the mean over batches, of which there is one
            norm.train()
        network(inputs)
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum


def _about_statistics(networks: tuple[nn.Module, ...]) -> str:
    if not any(True for network in networks for _ in _norms(network)):
        return ""
    return (
        " Their batch normalisation has the statistics of these inputs, and that of the network "
        "those of its training."
    )
