"""Programs give the recorded bits here, and on processors that are emulated where that is possible."""

import re
import shutil
from importlib import metadata

import pytest

from benchmarks import bits
from plasticity_bench import portability
from plasticity_bench.programs.kernels import building
from tests.support.pages import ROOT

PINNED = re.search(r"^torch==([\d.]+)", (ROOT / "constraints.txt").read_text(), re.M).group(1)
pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(
        not metadata.version("torch").startswith(PINNED), reason="recorded with another PyTorch"
    ),
    pytest.mark.skipif(
        not any(map(shutil.which, building.COMPILERS)), reason="there is no C++ compiler"
    ),
    pytest.mark.skipif(
        not portability.processor_has("avx2", "fma"), reason="programs need AVX2 for equal bits"
    ),
]
RECORDED = [
    (learner, network) for network, digests in bits.recorded().items() for learner in digests
]


@pytest.mark.parametrize(("learner", "network"), RECORDED)
def test_the_bits_are_those_recorded(learner, network):
    assert bits.in_process(learner, network, None) == bits.recorded()[network][learner]


@pytest.mark.skipif(not shutil.which("qemu-x86_64"), reason="qemu-user is not installed")
@pytest.mark.parametrize("processor", bits.EMULATORS[:1])
def test_an_emulated_processor_gives_the_same_bits(processor):
    assert bits.in_process("adam", "mlp", processor) == bits.recorded()["mlp"]["adam"]
