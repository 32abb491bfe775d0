"""How many floating-point operations a graph has.

Products, convolutions and attention count as `torch.utils.flop_counter` has it, decompositions and
transforms by the formulas below, and any other operation as one for each number that it writes.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree
from torch.utils.flop_counter import flop_registry

from plasticity_bench.recording.graph import Graph
from plasticity_bench.recording.operations import GETITEM, OURS, function_of

Count = Callable[[Tensor, Mapping[str, Any]], float]
"""From an operation's first argument, and all its arguments by name."""


def flops(graph: Graph, inputs: Sequence[Tensor]) -> int:
    """Return the floating-point operations of a graph.

    Args:
        graph: of a learner's hook.
        inputs: tensors of the shapes and dtypes of its inputs; their values do not matter.
    """
    counts: list[int] = []

    def note(operation: str, args: Sequence[Any], kwargs: Mapping[str, Any], result: Any) -> None:
        if operation == GETITEM or operation.startswith(f"{OURS}."):
            counts.append(_written(args, result, in_place=False))
            return
        function: Any = function_of(operation)
        name = operation.split(".")[1]
        if function.overloadpacket in flop_registry:
            count = flop_registry[function.overloadpacket](*args, **kwargs, out_val=result)
            counts.append(int(count))
        elif name in DECOMPOSITIONS:
            given = {a.name: a.default_value for a in function._schema.arguments}
            given |= dict(zip(given, args, strict=False))
            counts.append(math.ceil(DECOMPOSITIONS[name](args[0], {**given, **kwargs})))
        else:
            counts.append(_written(args, result, in_place=function._schema.is_mutable))

    with torch.no_grad():
        graph.values(inputs, note)
    return sum(counts)


def _written(args: Sequence[Any], result: Any, *, in_place: bool) -> int:
    """How many floats an operation has written: views of an argument are none."""
    given = {t.untyped_storage().data_ptr() for t in pytree.tree_leaves(args) if _is_tensor(t)}
    return sum(
        tensor.numel()
        for tensor in pytree.tree_leaves(result)
        if _is_tensor(tensor)
        and tensor.is_floating_point()
        and (in_place or tensor.untyped_storage().data_ptr() not in given)
    )


def _is_tensor(value: object) -> bool:
    return isinstance(value, Tensor)


def _householder(matrices: Tensor, *_: Any) -> float:
    """R of a QR decomposition, or Q from its reflections."""
    count, m, n = _sizes(matrices)
    return count * (2 * m * n**2 - 2 * n**3 / 3)


def _qr(matrices: Tensor, given: Mapping[str, Any]) -> float:
    return _householder(matrices) * (1 if given["mode"] == "r" else 2)


def _svd(matrices: Tensor, given: Mapping[str, Any]) -> float:
    count, m, n = _sizes(matrices)
    if not given["compute_uv"]:
        return count * (4 * m * n**2 - 4 * n**3 / 3)
    if given["full_matrices"]:
        return count * (4 * m**2 * n + 8 * m * n**2 + 9 * n**3)
    return count * (14 * m * n**2 + 8 * n**3)


def _eigh(matrices: Tensor, given: Mapping[str, Any]) -> float:
    return _cubic(9 if given["compute_v"] else 4 / 3)(matrices, given)


def _lu(matrices: Tensor, *_: Any) -> float:
    count, m, n = _sizes(matrices)
    return count * (m * n**2 - n**3 / 3)


def _solve(matrices: Tensor, given: Mapping[str, Any]) -> float:
    return _lu(matrices) + 2 * _solve_triangular(matrices, given)


def _solve_triangular(matrices: Tensor, given: Mapping[str, Any]) -> float:
    return float(given["B"].numel() * matrices.shape[-1])


def _cubic(factor: float) -> Count:
    """Return a count of `factor` times n^3 for each matrix."""

    def count(matrices: Tensor, *_: Any) -> float:
        number, n = _sizes(matrices)[:2]
        return factor * number * n**3

    return count


def _fourier(values: Tensor, given: Mapping[str, Any]) -> float:
    """5 n log2(n) for a complex transform of n numbers, half of it for a real one."""
    sizes: list[int] = [values.shape[dim] for dim in given["dim"]]
    transforms = values.numel() / math.prod(sizes)
    is_real = "forward" not in given
    if "last_dim_size" in given:  # of the result, which is real
        sizes[-1] = given["last_dim_size"]
    n = math.prod(sizes)
    return transforms * 5 * n * math.log2(n) / (2 if is_real else 1)


def _sizes(matrices: Tensor) -> tuple[int, int, int]:
    """How many matrices there are, and their longer and shorter side."""
    *batch, rows, columns = matrices.shape
    return math.prod(batch), max(rows, columns), min(rows, columns)


# Golub and Van Loan, Matrix Computations, 4th edition: sections 1.4 (Fourier), 3.2 (LU), 4.2
# (Cholesky), 5.2 (QR), 8.3 (eigenvalues) and 8.6 (SVD, by the Golub-Reinsch algorithm). The
# exponential counts as ten products of matrices.
DECOMPOSITIONS: dict[str, Count] = {
    "_linalg_svd": _svd,
    "_linalg_eigh": _eigh,
    "linalg_qr": _qr,
    "geqrf": _householder,
    "linalg_householder_product": _householder,
    "linalg_cholesky_ex": _cubic(1 / 3),
    "linalg_lu": _lu,
    "linalg_lu_factor_ex": _lu,
    "_linalg_det": _lu,
    "_linalg_slogdet": _lu,
    "_linalg_solve_ex": _solve,
    "linalg_inv_ex": _cubic(2),
    "linalg_solve_triangular": _solve_triangular,
    "linalg_matrix_exp": _cubic(20),
    "_fft_r2c": _fourier,
    "_fft_c2r": _fourier,
    "_fft_c2c": _fourier,
}
