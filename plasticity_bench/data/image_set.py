"""Colour images of any size from a folder: image files, parquet, arrow, or the Hugging Face hub.

Images of another size are scaled with a box filter, as Chrabaszcz et al. (2017,
arXiv:1707.08819) made their small ImageNets; grey images become colour.
"""

import io
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plasticity_bench.data import hub, image_folder, image_tables
from plasticity_bench.data.pixels import check_depth
from plasticity_bench.data.rows import Row
from plasticity_bench.data.source import Block
from plasticity_bench.errors import BadInputError

BLOCK = 1024
"""Images decoded at a time."""
FORMATS = ("JPEG", "PNG", "BMP", "WEBP")
"""Pillow looks at a file's content, not at its name, and starts other programs for some formats."""
MAX_PIXELS = 2**26
"""Of an image before it is scaled; a file of few bytes can hold any number."""


@dataclass(frozen=True)
class ImageSet:
    """A set of colour images in a folder of its own below a data folder.

    Attributes:
        name: of that folder.
        size: height and width of the scaled images.
        hub_id: of the data set on the Hugging Face hub, in parquet files; None if it is not there.
        hub_parts: parts of the names of the files to download.
    """

    name: str
    size: int
    hub_id: str | None = None
    hub_parts: tuple[str, str] = ("train", "val")

    def where(self) -> str:
        """Which files go where, as the end of a sentence."""
        return (
            f"image files as {self.name}/train/CLASS/* and {self.name}/val/CLASS/*, or parquet "
            f"files as {self.name}/**/train*.parquet and {self.name}/**/val*.parquet, or a "
            f"DatasetDict saved to {self.name}"
        )

    def find(self, root: Path) -> bool:
        """Return whether a data folder has the folder."""
        return (root / self.name).is_dir()

    def read(self, root: Path) -> Iterator[Block]:
        """Yield the training examples, then those of the validation (or test) part.

        Raises:
            BadInputError: if the folder has another layout, or an image cannot be read.
        """
        rows = _reader(root / self.name)
        with ThreadPoolExecutor() as pool:  # Pillow decodes outside the interpreter's lock
            for part in ("train", "test"):
                left = rows(part)
                while some := list(islice(left, BLOCK)):
                    images = np.stack(list(pool.map(self._decoded, some)))
                    yield images, np.array([row.label for row in some], np.int64)

    def download(self, root: Path) -> None:
        """Put the hub's parquet files into a data folder."""
        assert self.hub_id is not None, "a source without hub id has no download"
        hub.download(self.hub_id, self.hub_parts, root / self.name)

    def _decoded(self, row: Row) -> NDArray[np.uint8]:
        """Return one image, (3, size, size)."""
        from PIL import Image

        try:
            with Image.open(io.BytesIO(row.content()), formats=FORMATS) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise ValueError(f"it has more than {MAX_PIXELS:,} pixels")
                check_depth(image)
                colour = image.convert("RGB")  # without what is transparent, as it was published
        except Exception as error:  # Pillow's decoders raise many kinds for broken files
            raise BadInputError(
                f"{row.location} cannot be read as an image ({error}); get this file anew.",
                "dataset",
            ) from error
        if colour.size != (self.size, self.size):
            colour = colour.resize((self.size, self.size), Image.Resampling.BOX)
        return np.asarray(colour, np.uint8).transpose(2, 0, 1)


def _reader(folder: Path) -> Callable[[str], Iterator[Row]]:
    """Return what yields the rows of "train" and of "test" from a folder's layout."""
    reader: Any = image_folder
    if (folder / "dataset_dict.json").is_file() or next(folder.rglob("*.parquet"), None):
        reader = image_tables
    parts: dict[str, Callable[[], Iterator[Row]]] = reader.parts(folder)
    return lambda part: parts[part]()
