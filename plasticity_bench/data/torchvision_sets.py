"""Downloads by torchvision, which checks their md5."""

import contextlib
import sys
from pathlib import Path
from typing import Any

from plasticity_bench.data import network
from plasticity_bench.data.torchvision_guard import torchvision_datasets


def download(name: str, root: Path, host: str, **options: Any) -> None:
    """Let torchvision download one of its data sets into a data folder.

    Args:
        name: of a class in `torchvision.datasets`.
        root: the data folder.
        host: where it downloads from.
        **options: of the class.

    Raises:
        OSError: if the network or the disk does not work.
        RuntimeError: if what came is not what was published.
    """
    network.require(host)
    with contextlib.redirect_stdout(sys.stderr):  # standard output is for data
        getattr(torchvision_datasets(), name)(str(root), download=True, **options)
