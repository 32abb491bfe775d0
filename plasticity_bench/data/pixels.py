"""What an image of Pillow's loses as grey or RGB of 8 bits, which images are stored as."""

from typing import Any

import numpy as np


def check_depth(image: Any) -> None:
    """Refuse numbers that 8 bits cannot hold: Pillow makes 255, white, of all that are larger.

    Of what range they are is not known: of 16 bits, cameras and scanners often use 12.

    Raises:
        ValueError: what is wrong and what to do, as a part of a sentence.
    """
    if image.mode[0] not in "IF":  # "I;16", "I", "F"; all others have 8 bits, or 1
        return
    numbers = np.asarray(image)
    with np.errstate(invalid="ignore"):  # NaN
        whole = numbers.astype(np.uint8)
    if not np.array_equal(numbers, whole):
        raise ValueError(
            f"its pixels are numbers from {numbers.min():g} to {numbers.max():g}, not whole ones "
            "from 0 to 255: scale them, or give arrays"
        )


def check_opaque(image: Any) -> None:
    """Refuse transparency: below it there can be any colour, which would be what is learnt from.

    Raises:
        ValueError: as `check_depth`.
    """
    if image.has_transparency_data and image.convert("RGBA").getextrema()[3][0] < 255:
        raise ValueError("it has transparent pixels: put it on a background")
