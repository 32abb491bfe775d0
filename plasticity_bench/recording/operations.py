"""The operations that graphs may have: those that compute from tensors alone."""

import functools
import importlib
import operator
from collections.abc import Callable
from typing import Any

import torch

from plasticity_bench.errors import UnrecordableError
from plasticity_bench.recording.fx_graphs import decompositions

GETITEM = "getitem"
"""The operation that takes one of several results of another."""

OURS = "plasticity_bench"
"""The namespace of this package's own operations."""

RANDOM = {
    *("uniform_", "normal_", "bernoulli_", "random_", "log_normal_", "exponential_", "cauchy_"),
    *("rand", "randn", "randint", "randperm", "normal", "bernoulli", "rand_like", "randn_like"),
}
"""Operations that draw from PyTorch's generator, which only initial parameters may."""

OTHERS = {
    *("sort", "searchsorted", "bucketize", "histc", "cumsum", "cumprod", "logcumsumexp", "topk"),
    *("linalg_qr", "geqrf", "linalg_householder_product", "_linalg_svd", "_linalg_eigh", "triu"),
    *("linalg_cholesky_ex", "linalg_solve_triangular", "linalg_inv_ex", "_linalg_solve_ex"),
    *("linalg_matrix_exp", "linalg_lu_factor_ex", "linalg_lu", "erfinv", "tril"),
    *("roll", "flip", "kthvalue", "median", "mode", "unfold", "unfold_backward", "lift_fresh"),
    *("linalg_vector_norm", "lgamma", "digamma", "polygamma", "_fft_r2c", "_fft_c2r", "_fft_c2c"),
    *("view_as_real", "view_as_complex", "empty", "empty_strided", "empty_like", "complex"),
    *(
        "convolution_backward",
        "_linalg_det",
        "_linalg_slogdet",
        "diagonal",
        "diag_embed",
        "diag",
        "rot90",
    ),
    *(
        "_to_copy",
        "clone",
        "detach",
        "alias",
        "t",
        "transpose",
        "unbind",
        "copy",
        "lift_fresh_copy",
    ),
    *("scatter_reduce", "index_add", "take", "put", "isin", "nextafter", "frac", "heaviside"),
    *("bitwise_right_shift", "bitwise_left_shift", "__rshift__", "__lshift__", "angle", "real"),
    *("_weight_norm_interface", "_scaled_dot_product_flash_attention_for_cpu", "im2col", "col2im"),
    *("_scaled_dot_product_flash_attention_for_cpu_backward", "cross", "trace", "outer", "vdot"),
    *("_unsafe_view", "view", "linspace", "logspace", "eye", "tril_indices", "triu_indices"),
    *("max", "min", "argsort", "nan_to_num", "where", "repeat_interleave", "special_entr"),
}
"""Operations that are recorded beside PyTorch's core ones and those made of them."""


@functools.cache
def function_of(operation: str) -> Callable[..., Any]:
    """Return the function of an operation's name.

    Raises:
        UnrecordableError: if there is none.
    """
    if operation == GETITEM:
        return operator.getitem
    namespace, _, rest = operation.partition(".")
    name, _, overload = rest.partition(".")
    if namespace == OURS:  # defined where its kernel is
        importlib.import_module("plasticity_bench.programs.kernels.rank_matching")
    found = getattr(getattr(getattr(torch.ops, namespace), name, None), overload, None)
    if namespace not in {"aten", OURS} or not isinstance(found, torch._ops.OpOverload):
        raise UnrecordableError(f"{operation[:100]} is no operation of PyTorch {torch.__version__}")
    return found


@functools.cache
def check_operation(operation: str, *, random: bool = False) -> None:
    """Check that an operation may be in a graph.

    Permitted is what computes from tensors alone. PyTorch also has operations on files, processes
    and memory.

    Raises:
        UnrecordableError: if it may not.
    """
    if operation == GETITEM:
        return
    function: Any = function_of(operation)
    name = operation.split(".")[1]
    if operation.startswith(f"{OURS}.") or (name in RANDOM and random):
        return
    if torch.Tag.data_dependent_output in function.tags:
        raise UnrecordableError("it reads a tensor's value")
    if torch.Tag.dynamic_output_shape in function.tags:
        raise UnrecordableError(f"the shape that {name} returns depends on tensors' values")
    if torch.Tag.nondeterministic_seeded in function.tags:
        raise UnrecordableError(f"{name} draws from PyTorch's global generator")
    in_place = name.endswith("_") and not name.endswith("__")
    if not _is_computation(name.removesuffix("_") if in_place else name):
        raise UnrecordableError(f"the operation {name} is not among those that are recorded")


def _is_computation(name: str) -> bool:
    """Whether an operation is a core one of PyTorch's, made of those, or in `OTHERS`."""
    packet: Any = getattr(torch.ops.aten, name, None)
    if name in OTHERS or packet is None:
        return packet is not None
    overloads = [getattr(packet, overload) for overload in packet.overloads()]
    return any(torch.Tag.core in o.tags or o in decompositions() for o in overloads)
