"""Operations of graphs, beside numbers that are computed by hand."""

import math

import pytest
import torch

from plasticity_bench.recording.graph import record
from plasticity_bench.recording.operation_counts import DECOMPOSITIONS, flops
from plasticity_bench.recording.operations import OTHERS

aten = torch.ops.aten
TALL, SQUARE, TWO = torch.randn(5, 3), torch.eye(6), torch.eye(6).repeat(2, 1, 1)
RIGHT = torch.randn(6, 4)
REAL, COMPLEX = torch.ones(4, 8), torch.randn(8, dtype=torch.complex64)

COUNTS = {
    "relu and a product": (lambda: ((TALL @ TALL.mT).relu().mT * 2, TALL[:2]), 2 * 5 * 5 * 3 + 50),
    "in place": (lambda: TALL.clone().mul_(2), 15 + 15),
    "singular values": (lambda: aten._linalg_svd(TALL, False, False)[1], 4 * 45 - 36),
    "a wide matrix": (lambda: aten._linalg_svd(TALL.mT, compute_uv=False)[1], 4 * 45 - 36),
    "thin SVD": (lambda: torch.linalg.svd(TALL, full_matrices=False)[0], 14 * 45 + 8 * 27),
    "full SVD": (lambda: torch.linalg.svd(TALL)[0], 4 * 75 + 8 * 45 + 9 * 27),
    "eigenvectors": (lambda: torch.linalg.eigh(TWO)[1], 2 * 9 * 216),
    "eigenvalues": (lambda: aten._linalg_eigh(SQUARE, compute_v=False)[0], 4 * 216 // 3),
    "Q and R": (lambda: torch.linalg.qr(TALL)[0], 2 * (2 * 45 - 18)),
    "R": (lambda: torch.linalg.qr(TALL, mode="r")[1], 2 * 45 - 18),
    "Cholesky": (lambda: torch.linalg.cholesky_ex(TWO)[0], 2 * 72),
    "LU": (lambda: torch.linalg.lu(SQUARE)[1], 216 - 72),
    "inverse": (lambda: torch.linalg.inv_ex(TWO)[0], 2 * 2 * 216),
    "triangular": (lambda: torch.linalg.solve_triangular(SQUARE, RIGHT, upper=True), 6 * 6 * 4),
    "exponential": (lambda: torch.linalg.matrix_exp(SQUARE), 10 * 2 * 216),
    "complex Fourier": (lambda: torch.fft.fft(COMPLEX), 5 * 8 * 3),
    "real Fourier": (lambda: torch.fft.rfft(REAL), 4 * 5 * 8 * 3 // 2),
    "back to real": (lambda: torch.fft.irfft(COMPLEX[:5], n=8), 5 * 8 * 3 // 2),
}


@pytest.mark.parametrize("name", COUNTS)
def test_operations_are_counted_as_in_closed_form(name):
    function, expected = COUNTS[name]
    graph = record(lambda _: function(), (torch.zeros(()),))
    assert flops(graph, (torch.zeros(()),)) == expected


def test_convolutions_are_counted():
    image, kernel = torch.zeros(2, 3, 8, 8), torch.zeros(4, 3, 3, 3)
    graph = record(torch.nn.functional.conv2d, (image, kernel))
    assert flops(graph, (image, kernel)) == 2 * 2 * 4 * 6 * 6 * 3 * 3 * 3


def test_a_solution_costs_a_decomposition_and_two_triangles():
    matrix = torch.eye(6)
    graph = record(lambda a, b: torch.linalg.solve_ex(a, b)[0], (matrix, RIGHT))
    assert flops(graph, (matrix, RIGHT)) == math.ceil(2 * 216 / 3) + 2 * 36 * 4


def test_every_decomposition_that_is_recorded_has_a_count():
    names = {n for n in OTHERS if "linalg" in n or "fft" in n} | {"geqrf"}
    assert names - set(DECOMPOSITIONS) == {"linalg_vector_norm"}
