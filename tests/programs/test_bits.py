"""Programs give the recorded bits here, and on processors that are emulated where that is possible."""

import re
import shutil
from importlib import metadata

import pytest

from benchmarks import bits
from plasticity_bench import portability
from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.measurements import DIAGNOSTICS
from plasticity_bench.programs.kernels import building
from plasticity_bench.shipped import baseline_names
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
    (learner, network)
    for network, digests in bits.recorded().items()
    if network != "diagnostics"
    for learner in digests
    # Of the large networks some, to save time: `python -m benchmarks.bits` has all.
    if network in {"mlp", "cnn"} or learner in {"adam", "l2_init", "redo"}
]


def test_diagnostics_have_the_recorded_bits():
    recorded = bits.recorded()["diagnostics"]
    assert dict(bits.in_process(DIAGNOSTICS, "diagnostics", None)) == recorded


@pytest.mark.parametrize(("learner", "network"), RECORDED)
def test_the_bits_are_those_recorded(learner, network):
    assert bits.digest(learner, network) == bits.recorded()[network][learner]


def test_all_baselines_have_recorded_bits():
    recorded = bits.recorded()
    assert set(recorded) == {*bits.NETWORKS, "diagnostics"}
    recordable = {name for name in baseline_names() if find_learner(name).vectorized}
    # A resnet18 takes long: some learners must do.
    assert all(set(recorded[network]) == recordable for network in ("mlp", "cnn", "vit"))


def test_every_method_acts_before_the_digest_is_taken():
    """Otherwise it would be that of plain Adam, whatever the method's own operations gave."""
    for network in ("mlp", "cnn"):
        digests = [d for d in bits.recorded()[network].values() if d != bits.REFUSED]
        assert len(set(digests)) == len(digests)


@pytest.mark.skipif(not shutil.which("qemu-x86_64"), reason="qemu-user is not installed")
@pytest.mark.parametrize(
    ("learner", "network", "processor"),
    list(zip(("adam", "wasserstein", "adam"), ("mlp", "mlp", "cnn"), bits.EMULATORS, strict=True)),
)
def test_an_emulated_processor_gives_the_same_bits(learner, network, processor):
    """Of some learners, to save time: `python -m benchmarks.bits --emulate CPU` has all."""
    expected = bits.recorded()[network][learner]
    assert dict(bits.in_process([learner], network, processor)) == {learner: expected}
