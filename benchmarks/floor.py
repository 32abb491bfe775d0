"""What one update cannot do without, and how fast this machine could do it.

An update multiplies matrices and moves the optimiser's arrays. Two numbers bound its time from
below: operations over the rate of the largest products of matrices, and bytes over the rate of
copying an array that the cache holds. Both are measured here, in this process, on one core.
"""

import itertools
import math
import time
from collections.abc import Callable

import torch

import plasticity_bench as pb
from plasticity_bench.programs.kernels import native


def operations(spec: pb.NetworkSpec, batch: int) -> int:
    """Multiplications and additions of one update of one replica of a multilayer perceptron.

    Each weight takes part in two products of the batch forwards and backwards, and in a third
    but for the first layer's, whose inputs need no gradient.

    >>> operations(pb.NetworkSpec(hidden=(3,), input_shape=(5,), num_outputs=2), batch=10)
    960
    """
    widths = [math.prod(spec.input_shape), *spec.hidden, spec.num_outputs]
    products = 0
    for depth, (inner, outer) in enumerate(itertools.pairwise(widths)):
        products += (2 if depth == 0 else 3) * batch * inner * outer
    return 2 * products


def bytes_moved(spec: pb.NetworkSpec, learner: str) -> int:
    """Bytes read and written of arrays as large as the parameters, at least, in one update.

    Forwards and backwards read them and write gradients; the optimiser reads both and writes the
    parameters; Adam reads and writes two moments as well; a regulariser towards another array
    reads that; pairing by rank reads and writes five arrays more.
    """
    with torch.device("meta"):
        size = 4 * sum(p.numel() for p in pb.build_network(spec).parameters())
    arrays = {"sgd": 5, "adam": 9, "l2_init": 10, "wasserstein": 16}[learner]
    return arrays * size


def matrix_rate() -> float:
    """Floating-point operations per second of this core's best product of matrices."""
    size, count = 512, 4
    left, right = torch.randn(count, size, size), torch.randn(count, size, size)
    best = _fastest(lambda: left.bmm(right))
    if native.load():
        best = min(best, _fastest(lambda: torch.ops.plasticity_bench.bmm(left, right)))
    return 2 * count * size**3 / best


def copy_rate(megabytes: int = 4) -> float:
    """Bytes per second, read and written together, of copying an array in the shared cache."""
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
