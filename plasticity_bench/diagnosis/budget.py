"""How many examples each measurement is taken on, so that memory and time stay within bounds.

A measurement's numbers depend on how many examples there are, so the network and the fresh ones
that it is compared with are measured on the same number, which is in the measurement's name.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from plasticity_bench.measurements.common import measuring
from plasticity_bench.measurements.curvature_volatility import PRODUCTS
from plasticity_bench.measurements.hessian import DENSE_LIMIT
from plasticity_bench.measurements.last_layers import last_layers_parameters
from plasticity_bench.measurements.layer_gram import covered_parameters

FEWEST = 8
"""Examples, below which a measurement is left out: there is too little to see."""

MOST_ROWS = 576
"""Of the Gauss-Newton matrix's factor: 64 examples of 10 classes."""

QUICK_HESSIAN = 1000
"""The most parameters whose Hessian is formed without being asked for: a second or so."""

GRAM_OF_GRADIENTS = (
    *("fisher", "fisher_srank99", "gradient_covariance", "optimization_readiness"),
)
"""Measurements that share one Gram matrix."""

KERNEL_EXAMPLES = 16
"""Of the neural tangent kernel, as suites have it: its time grows with their cube."""

SLOW_LAYERS = (nn.modules.conv._ConvNd, nn.RNNBase, nn.MultiheadAttention)

QUICK_KERNEL = 5e7
"""The most numbers of the kernel's Jacobian that are formed without being asked for."""

BATCHED_PRODUCTS = 64
"""Products with the Hessian that are computed at once."""

LANCZOS_VECTORS = 1600
"""That block Lanczos holds."""

MOST_WORK = 1e10
"""Multiplications of forward passes for a measurement that nobody asked for by name: some ten
seconds of a processor, with the backward passes."""

TAKES_LONG = "it takes long: ask for it by name, or for all (measurements, or --measure)"


@dataclass(frozen=True)
class Size:
    """What costs depend on.

    Attributes:
        parameters: p.
        outputs: of the network.
        activations: numbers that its layers compute for one example.
        work: multiplications of its linear layers and convolutions for one example.
        uncovered: parameters whose gradient is formed for every example.
        last_layers: parameters from the last layer but one on.
        layers: with parameters.
    """

    parameters: int
    outputs: int
    activations: int
    work: int
    uncovered: int
    last_layers: int
    layers: int


def size_of(network: nn.Module, inputs: Tensor, outputs: int) -> Size:
    """Return the size of a network.

    Args:
        network: of `network_of`.
        inputs: (n, *input_shape).
        outputs: how many it has.
    """
    params = {name: value.detach() for name, value in network.named_parameters()}
    total = sum(value.numel() for value in params.values())
    try:
        covered = covered_parameters(network, params, inputs[:2])
    except Exception:  # a network that the formulas do not understand is measured directly
        covered = set()
    left = sum(value.numel() for name, value in params.items() if name not in covered)
    last = sum(params[name].numel() for name in last_layers_parameters(network, inputs[:2]))
    layers = len({name.rpartition(".")[0] for name in params})
    return Size(total, outputs, *_of_forward(network, inputs[:2]), left, last, layers)


def _of_forward(network: nn.Module, inputs: Tensor) -> tuple[int, int]:
    """Numbers that the layers compute for one example, and multiplications."""
    counted, multiplied = [inputs.numel()], [0]
    leaves = [part for part in network.modules() if not list(part.children())]

    def count(module: nn.Module, _arguments: object, output: object) -> None:
        if isinstance(output, Tensor):
            counted.append(output.numel())
            weight = getattr(module, "weight", None)
            if isinstance(weight, Tensor) and weight.ndim > 1:
                multiplied.append(output.numel() * weight[0].numel())

    handles = [leaf.register_forward_hook(count) for leaf in leaves]
    try:
        with torch.no_grad(), measuring(network):
            network(inputs)
    finally:
        for handle in handles:
            handle.remove()
    return sum(counted) // len(inputs), sum(multiplied) // len(inputs)


def examples_for(
    name: str, size: Size, given: int, memory_gb: float, requested: bool
) -> tuple[int, str]:
    """Return on how many examples a measurement is taken, and why it is not, if the number is 0.

    Args:
        name: of the measurement.
        size: of the network.
        given: how many examples there are.
        memory_gb: that the measurement may take, about.
        requested: whether the user asked for it by name.
    """
    name = name.removesuffix("_absolute_rank")
    differentiated = {"hessian": size.parameters, "last_layers": size.last_layers}.get(name, 0)
    if name == "last_layers" and differentiated > DENSE_LIMIT:
        return 0, f"a block of {differentiated:,} parameters; it is formed up to {DENSE_LIMIT:,}"
    if not requested and _is_slow(name, size, differentiated):
        return 0, TAKES_LONG
    most = min(given, _most_examples(name, size))
    fewest = min(FEWEST, given)
    if most < fewest:
        return 0, f"{size.outputs:,} outputs are too many"
    each, fixed = _numbers(name, size)
    affordable = int((memory_gb * 1e9 / 4 - fixed) // max(each, 1))
    if affordable < fewest:
        gigabytes = 4e-9 * (fixed + fewest * each)
        return 0, (
            f"it takes about {gigabytes:,.0f} GB on {fewest} examples, and {memory_gb:g} GB are "
            "allowed: memory_gb, or --memory-gb, raises this"
        )
    quick = given if requested else int(MOST_WORK // max(size.work * _passes(name, size), 1))
    if quick < fewest and _passes(name, size) > 1:
        return 0, TAKES_LONG
    most, wanted = min(most, affordable, max(quick, fewest)), most
    # A power of two where there is a limit, so that networks of similar size are alike.
    return most if most == wanted else 1 << most.bit_length() - 1, ""


def has_slow_products(network: nn.Module) -> bool:
    """Return whether products with the Hessian of a network take long even if it is small.

    Derivatives of convolutions, of attention and of recurrent layers in many directions at once are
    tens of times as slow as those of linear layers. It is decided by the kinds of layers, not by a
    clock, so that every machine measures the same.
    """
    return any(isinstance(module, SLOW_LAYERS) for module in network.modules())


def _is_slow(name: str, size: Size, differentiated: int) -> bool:
    if name == "neural_tangent_kernel":
        return KERNEL_EXAMPLES * size.outputs * size.parameters > QUICK_KERNEL
    return differentiated > QUICK_HESSIAN


def _passes(name: str, size: Size) -> float:
    """How many times the work of an example is done for it, roughly, in gradients' work."""
    of_outputs = {"gauss_newton": size.outputs - 1, "neural_tangent_kernel": size.outputs}
    if name in ("hessian", "last_layers"):  # a product for each
        return 1.0 + 2 * (size.last_layers if name == "last_layers" else size.parameters)
    if name == "curvature_volatility":
        return 2.0 * (PRODUCTS + 1) * (size.layers + 1)
    return float(of_outputs.get(name, 1))


def _most_examples(name: str, size: Size) -> int:
    if name == "gauss_newton":
        return MOST_ROWS // max(size.outputs - 1, 1)
    if name == "neural_tangent_kernel":
        return KERNEL_EXAMPLES
    return 2**30


def _numbers(name: str, size: Size) -> tuple[float, float]:
    """Numbers of four bytes for each example, and beside these, with a margin."""
    gradient = 4.0 * size.activations
    seeds = max(size.outputs - 1, 1)
    products = (BATCHED_PRODUCTS + 4.0) * size.activations
    vectors = size.parameters if size.parameters <= DENSE_LIMIT else LANCZOS_VECTORS
    special = {
        "gradient_noise": (gradient, 4.0 * size.parameters + 2.0**26),
        "gauss_newton": (
            gradient + seeds * (2 * size.activations + 2 * size.uncovered),
            4.0 * seeds * size.parameters,
        ),
        "neural_tangent_kernel": (
            4.0 * size.outputs * (size.parameters + size.activations),
            2.0 * size.parameters,
        ),
        "last_layers": (products, 4.0 * size.last_layers**2),
        "hessian": (products, 4.0 * vectors * size.parameters),
        "curvature_volatility": (2 * gradient, 64.0 * size.parameters),
    }
    special |= dict.fromkeys(
        GRAM_OF_GRADIENTS, (2 * gradient + 2 * size.uncovered, 4.0 * size.parameters)
    )
    return special.get(name, (gradient, 3.0 * size.parameters))
