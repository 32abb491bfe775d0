"""PyTorch's compiler, whose import takes long, is imported only where it compiles."""

import subprocess
import sys

import pytest

from tests.support.pages import ROOT

EVALUATE = """
import sys
import plasticity_bench as pb
from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.measurements import DIAGNOSTICS
from tests.evaluation.test_evaluator import population, small_stream
from tests.evaluation.test_recorder import protocol

made = population(find_learner("redo")(), [0, 1])
pb.evaluate(small_stream(num_tasks=1), made, protocol("neural_tangent_kernel", "gradient_noise"))
print("torch._dynamo" in sys.modules)
"""

COMPILE = """
import torch
import plasticity_bench.learners.learner

twice = torch.compile(lambda x: 2 * x, backend="eager")
gradient = torch.compile(torch.func.grad(lambda x: (x * x).sum()), backend="eager")
print(twice(torch.ones(2)).tolist(), gradient(torch.ones(2)).tolist())
assert torch._dynamo.__name__ == "torch._dynamo"
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "printed"), [(EVALUATE, "False"), (COMPILE, "[2.0, 2.0] [2.0, 2.0]")]
)
def test_it_is_imported_where_it_compiles(program, printed):
    words = [sys.executable, "-c", program]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.strip().splitlines()[-1:] == [printed], done.stderr
