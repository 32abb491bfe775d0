"""ImageNet at 32 x 32 and 64 x 64 pixels, and Tiny ImageNet, whole and in part."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from plasticity_bench.data.image_set import ImageSet
from plasticity_bench.data.layouts import AnyOf
from plasticity_bench.data.source import Block, Source

_TERMS = "for non-commercial research and education (ImageNet's terms of access)"


def _imagenet(size: int) -> Source:
    images = ImageSet(f"imagenet{size}", size, f"benjamin-paine/imagenet-1k-{size}x{size}")
    return Source(
        name=images.name,
        title=f"ImageNet (ILSVRC 2012; Russakovsky et al., 2015) at {size} x {size} pixels, "
        "its validation part as test part",
        licence=_TERMS,
        homepage=f"https://huggingface.co/datasets/{images.hub_id}",
        input_shape=(3, size, size),
        num_classes=1000,
        num_train=1_281_167,
        num_test=50_000,
        files=images.where(),
        find=images.find,
        read=images.read,
        download=images.download,
        per_class=(None, 50),
    )


IMAGENET32 = _imagenet(32)
IMAGENET64 = _imagenet(64)

_TINY_AT_64 = ImageSet("tiny_imagenet", 64, "zh-plus/tiny-imagenet")
_TINY_AT_32 = ImageSet("tiny_imagenet", 32, "zh-plus/tiny-imagenet")
_TINY_TITLE = "Tiny ImageNet, 200 classes (Le and Yang, 2015){}, its validation part as test part"
SMALL_PER_CLASS = 100


def _tiny(images: ImageSet, name: str, title: str) -> Source:
    return Source(
        name=name,
        title=_TINY_TITLE.format(title),
        licence=_TERMS,
        homepage=f"https://huggingface.co/datasets/{images.hub_id}",
        input_shape=(3, images.size, images.size),
        num_classes=200,
        num_train=100_000,
        num_test=10_000,
        files=images.where(),
        find=images.find,
        read=images.read,
        download=images.download,
        download_bytes=160_600_000,
        per_class=(500, 50),
    )


class _FirstOfEachClass(ImageSet):
    """The whole set, of which only the first training images of each class are read."""

    def read(self, root: Path) -> Iterator[Block]:
        """Yield the first `SMALL_PER_CLASS` training examples of each class, and the test part."""
        seen = np.zeros(200, np.int64)
        left = TINY_IMAGENET32.num_train
        for images, labels in super().read(root):
            kept = np.arange(len(labels)) >= left  # the test part, as it is
            for row, label in enumerate(labels[: max(left, 0)]):
                kept[row] = seen[label] < SMALL_PER_CLASS
                seen[label] += 1
            left -= len(labels)
            yield images[kept], labels[kept]


TINY_IMAGENET = _tiny(_TINY_AT_64, "tiny_imagenet", "")
TINY_IMAGENET32 = _tiny(_TINY_AT_32, "tiny_imagenet32", " at 32 x 32 pixels")

_SMALL = ImageSet("tiny_imagenet_small", 32)
_SMALL_FILES = AnyOf(
    (_SMALL, _FirstOfEachClass(_TINY_AT_32.name, _TINY_AT_32.size, _TINY_AT_32.hub_id))
)

TINY_SMALL32 = replace(
    TINY_IMAGENET32,
    name="tiny_small32",
    title=_TINY_TITLE.format(", its first 100 images of each class at 32 x 32 pixels"),
    num_train=200 * SMALL_PER_CLASS,
    files=_SMALL_FILES.where(),
    find=_SMALL_FILES.find,
    read=_SMALL_FILES.read,
    per_class=(SMALL_PER_CLASS, 50),
)
