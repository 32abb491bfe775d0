"""The 1,797 handwritten digits of scikit-learn: real data without a download."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from plasticity_bench.data.source import Block, Source


def _read(_root: Path) -> Iterator[Block]:
    from sklearn.datasets import load_digits

    digits = load_digits()  # 17 grey levels, 0 to 16
    yield digits.images.astype(np.uint8), digits.target.astype(np.int64)


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
