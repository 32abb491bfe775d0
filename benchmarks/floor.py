"""Lower bounds on the time of one update on this machine.

An update multiplies matrices and moves the optimiser's arrays. Its time is at least its operations
divided by the rate of large matrix products, and at least its bytes divided by the rate of copying
an array that fits in the cache. Both rates are measured in this process, on one core.
"""

import itertools
import math
import time
from collections.abc import Callable

import torch

import plasticity_bench as pb
from plasticity_bench.programs import tracing
from plasticity_bench.programs.kernels import building


def operations(spec: pb.NetworkSpec, batch: int) -> int:
    """Return the floating-point operations of one update of one replica of a perceptron.

    Each layer has one product in the forward pass and two in the backward pass: the gradients of
    its weights and of its inputs. The first layer's inputs need no gradient.

    >>> operations(pb.NetworkSpec(hidden=(3,), input_shape=(5,), num_outputs=2), batch=10)
    960
    """
    widths = [math.prod(spec.input_shape), *spec.hidden, spec.num_outputs]
    products = 0
    for depth, (inner, outer) in enumerate(itertools.pairwise(widths)):
        products += (2 if depth == 0 else 3) * batch * inner * outer
    return 2 * products


def bytes_moved(spec: pb.NetworkSpec, learner: str) -> int:
    """Return a lower bound on the bytes that one update of one replica reads and writes.

    Only arrays as large as the parameters count. The forward and the backward pass read the
    parameters and write gradients; the optimiser reads both and writes the parameters. Adam also
    reads and writes two moments. A regulariser towards another array reads it; ranking makes
    six more passes over arrays.
    """
    with torch.device("meta"):
        size = 4 * sum(p.numel() for p in pb.build_network(spec).parameters())
    arrays = {"sgd": 5, "adam": 9, "l2_init": 10, "wasserstein": 16}[learner]
    return arrays * size


def matrix_rate() -> float:
    """Return the floating-point operations per second of this core's fastest matrix product."""
    size, count = 512, 4
    left, right = torch.randn(count, size, size), torch.randn(count, size, size)
    best = _fastest(lambda: left.bmm(right))
    if building.available():
        product = tracing.program(torch.bmm, (left, right))
        best = min(best, _fastest(lambda: product(left, right)))
    return 2 * count * size**3 / best


def copy_rate(megabytes: int = 4) -> float:
    """Return the bytes read and written per second when copying an array in the shared cache."""
    source = torch.randn(megabytes * 2**18)
    target = torch.empty_like(source)
    return 2 * source.nbytes / _fastest(lambda: target.copy_(source))


def _fastest(call: Callable[[], object], repeats: int = 30) -> float:
    call()
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return min(times)
