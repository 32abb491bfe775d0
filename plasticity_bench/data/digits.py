"""The 1,797 handwritten digits of scikit-learn: real data without a download."""

import gzip
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from plasticity_bench.data.source import Block, Source

FILE = "datasets/data/digits.csv.gz"
"""In scikit-learn's folder; `sklearn.datasets.load_digits` reads it too."""


def _read(_root: Path) -> Iterator[Block]:
    # It is read without scikit-learn, whose import takes much longer than the file.
    package = find_spec("sklearn")
    assert package is not None and package.origin is not None
    with gzip.open(Path(package.origin).parent / FILE, "rt", encoding="ascii") as lines:
        table = np.loadtxt(lines, delimiter=",")  # 64 grey levels, 0 to 16, and the class
    yield table[:, :-1].reshape(-1, 8, 8).astype(np.uint8), table[:, -1].astype(np.int64)


DIGITS = Source(
    name="digits",
    title="Optical Recognition of Handwritten Digits (Alpaydin and Kaynak, 1998), test part",
    licence="CC BY 4.0",
    homepage="https://archive.ics.uci.edu/dataset/80",
    input_shape=(8, 8),
    num_classes=10,
    num_train=1797,
    num_test=0,
    files="none: they come with scikit-learn",
    find=lambda _root: True,
    read=_read,
    embedded=True,
)
