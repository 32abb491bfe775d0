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
