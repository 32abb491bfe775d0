"""Encoded images of any size and mode, decoded to one array."""

import io
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from plasticity_bench.data.image_set import FORMATS, MAX_PIXELS
from plasticity_bench.data.pixels import check_depth, check_opaque
from plasticity_bench.errors import BadInputError

DEFAULT_SIDE = 32
"""Height and width of images that have several sizes, or are larger than `LARGEST_SIDE`."""
LARGEST_SIDE = 64
GREY = ("1", "L")
"""Modes of Pillow's; others are converted to colour."""


class Picture(NamedTuple):
    """An encoded image; `content` returns the bytes of its file."""

    content: Callable[[], bytes]
    location: str


def decode(
    pictures: Sequence[Picture], size: int | Sequence[int] | None = None
) -> NDArray[np.uint8]:
    """Return images of one size, (n, height, width) if all are grey, else (n, 3, height, width).

    Args:
        pictures: at least one.
        size: height and width, one number for both; None for that of the images, if all have the
            same and it is at most 64 x 64, and 32 x 32 otherwise.

    Raises:
        BadInputError: if one cannot be read.
    """
    with ThreadPoolExecutor() as pool:  # Pillow decodes outside the interpreter's lock
        looks = set(pool.map(_look, pictures))
        grey = all(mode in GREY for mode, _, _ in looks)
        height, width = _size(size, {(height, width) for _, height, width in looks})
        images = pool.map(lambda picture: _decoded(picture, grey, height, width), pictures)
        return np.stack(list(images))


def from_pillow(
    images: Sequence[Any], size: int | Sequence[int] | None = None
) -> NDArray[np.uint8]:
    """Return images of Pillow's as `decode` returns encoded ones. Arguments and errors likewise."""
    grey = all(image.mode in GREY for image in images)
    height, width = _size(size, {(image.height, image.width) for image in images})
    arrays = []
    for number, image in enumerate(images):
        try:
            arrays.append(_array(image, grey, height, width))
        except ValueError as error:
            raise _unreadable(f"image {number} of the data set", error) from error
    return np.stack(arrays)


def _size(given: int | Sequence[int] | None, sizes: set[tuple[int, int]]) -> tuple[int, int]:
    if given is not None:
        sides = tuple(given) if isinstance(given, list | tuple) else (given, given)
        whole = all(type(side) is int and 1 <= side <= 4096 for side in sides)
        if len(sides) != 2 or not whole:
            raise BadInputError(
                f"size is a number of pixels, or height and width, not {given!r}.", "dataset"
            )
        return sides[0], sides[1]
    if len(sizes) == 1 and max(next(iter(sizes))) <= LARGEST_SIDE:
        return next(iter(sizes))
    return DEFAULT_SIDE, DEFAULT_SIDE


def _look(picture: Picture) -> tuple[str, int, int]:
    with _opened(picture) as image:
        return image.mode, image.height, image.width


def _decoded(picture: Picture, grey: bool, height: int, width: int) -> NDArray[np.uint8]:
    try:
        with _opened(picture) as image:
            return _array(image, grey, height, width)
    except BadInputError:
        raise
    except Exception as error:  # Pillow's decoders raise many kinds for broken files
        raise _unreadable(picture.location, error) from error


def _array(image: Any, grey: bool, height: int, width: int) -> NDArray[np.uint8]:
    from PIL import Image

    check_depth(image)
    check_opaque(image)
    converted = image.convert("L" if grey else "RGB")
    if converted.size != (width, height):
        converted = converted.resize((width, height), Image.Resampling.BOX)
    array = np.asarray(converted, np.uint8)
    return array if grey else array.transpose(2, 0, 1)


def _opened(picture: Picture) -> Any:
    from PIL import Image

    try:
        image = Image.open(io.BytesIO(picture.content()), formats=FORMATS)
    except Exception as error:
        raise _unreadable(picture.location, error) from error
    if image.width * image.height > MAX_PIXELS:
        raise _unreadable(picture.location, ValueError(f"it has more than {MAX_PIXELS:,} pixels"))
    return image


def _unreadable(location: str, error: Exception) -> BadInputError:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    reason = reason.partition(" <_io.BytesIO")[0]
    return BadInputError(
        f"{location} cannot be read as an image ({reason}): remove it, or replace it.",
        "dataset",
    )
