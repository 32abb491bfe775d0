"""Real data, where this machine has it: in PLASTICITY_BENCH_DATA or a distribution's package."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from plasticity_bench.data import load, prepare, source

FOLDERS = [os.environ.get("PLASTICITY_BENCH_DATA"), "/usr/share/datasets"]


def folder_of(name):
    for folder in FOLDERS:
        if folder and Path(folder).is_dir() and source(name).find(Path(folder)):
            return Path(folder)
    return pytest.skip(f"no file of {name} on this machine")


@pytest.mark.slow
def test_fashion_mnist(own_cache):
    prepare("fashion_mnist", folder_of("fashion_mnist"), download=False)
    found = load("fashion_mnist")
    assert found.images.shape == (70_000, 28, 28)
    assert np.bincount(found.labels[:60_000]).tolist() == [6000] * 10
    assert found.labels[:10].tolist() == [9, 0, 0, 3, 0, 2, 7, 2, 5, 5]
    mean, std = found.recorded.mean / 255, found.recorded.std / 255
    assert (round(mean, 4), round(std, 4)) == (0.2860, 0.3530)  # as commonly quoted
    pixels = found.images[:60_000].astype(np.float64)
    rows = np.array([0, 69_999])
    wanted = (found.images[rows] - pixels.mean()) / pixels.std()
    np.testing.assert_allclose(found.inputs(rows), wanted, rtol=1e-6, atol=1e-7)


def test_fashion_mnist_that_lies_where_mnist_should(own_cache, tmp_path):
    root = folder_of("fashion_mnist")
    fashion = source("fashion_mnist").read.__self__
    (tmp_path / "MNIST").mkdir()
    for path in fashion._folder(root).iterdir():
        shutil.copy(path, tmp_path / "MNIST")
    with pytest.raises(Exception, match="holds the training images of Fashion-MNIST, not the"):
        prepare("mnist", tmp_path, download=False)


PUBLISHED = {
    "mnist": "7908baa493f9a6c692f840bd27f88f835f462a2bec8a445e1a1fbc4e18a6ee06",
    "cifar10": "6005ef703f45c075de5c76b450bafd5b7cab322938856c8734df9f17c841d178",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_examples_in_whatever_container(own_cache, name):
    found = prepare(name, folder_of(name), download=False)
    assert found.fingerprint == PUBLISHED[name] == source(name).fingerprint


@pytest.mark.slow
def test_cifar10_has_the_statistics_that_are_quoted(own_cache):
    pixels = prepare("cifar10", folder_of("cifar10"), download=False).images[:50_000] / 255.0
    quoted = [0.49139968, 0.48215841, 0.44653091], [0.24703223, 0.24348513, 0.26158784]
    np.testing.assert_allclose(pixels.mean((0, 2, 3)), quoted[0], atol=1e-8)
    np.testing.assert_allclose(pixels.std((0, 2, 3)), quoted[1], atol=1e-8)


def test_ten_thousand_digits(own_cache):
    prepare("mnist_10k", folder_of("mnist_10k"), download=False)
    found = load("mnist_10k")
    assert found.images.shape == (10_000, 28, 28)
    counts = [1001, 1127, 991, 1032, 980, 863, 1014, 1070, 944, 978]
    assert np.bincount(found.labels).tolist() == counts
    assert len(np.unique(found.images.reshape(10_000, -1), axis=0)) == 10_000
    # Near MNIST's own 0.1307 and 0.3081, of which this is a sixth.
    assert abs(found.recorded.mean / 255 - 0.1307) < 0.002
    assert abs(found.recorded.std / 255 - 0.3081) < 0.002
