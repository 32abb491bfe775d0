"""Normalisations by name; each normalises one example by itself and keeps no statistics.

Batch normalisation is not supported. Its running statistics are state outside the parameters, and
an example's output depends on its batch: neither examples nor replicas would be independent. Group
normalisation is the usual replacement (Wu and He, 2018, arXiv:1803.08494).
"""

from torch import nn

NORMS = ("none", "layer", "group")

MOST_GROUPS = 32
UNITS_IN_A_GROUP = 16


def of_features(norm: str, width: int) -> nn.Module:
    """Return a normalisation of vectors, (..., width) for "layer", (n, width) for "group"."""
    return nn.LayerNorm(width) if norm == "layer" else nn.GroupNorm(num_groups(width), width)


def of_images(norm: str, channels: int) -> nn.Module:
    """Return a normalisation of images; "layer" is over channels and places together.

    Gains and biases belong to channels. Kumar et al.'s code has one for each channel and place,
    which fixes the height and width of images.
    """
    return nn.GroupNorm(1 if norm == "layer" else num_groups(channels), channels)


def num_groups(width: int) -> int:
    """Return how many groups "group" has: the most that divide the width, up to 32, of at least 16.

    Wu and He use 32 groups, or groups of 16 channels. Smaller groups are avoided because a group of
    one unit is constant; a width below 32 has one group, so that "group" equals "layer".

    >>> [num_groups(width) for width in (8, 64, 100, 512, 1024)]
    [1, 4, 5, 32, 32]
    """
    most = min(MOST_GROUPS, width // UNITS_IN_A_GROUP)
    return next((groups for groups in range(most, 1, -1) if width % groups == 0), 1)
