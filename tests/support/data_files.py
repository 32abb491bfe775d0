"""Writes small data sets as files of the true formats, and sources that read them."""

import gzip
import hashlib
import io
import pickle
from dataclasses import replace

import numpy as np
from PIL import Image

from plasticity_bench.data import Source
from plasticity_bench.data.idx import IdxFile, IdxSet

NUM_TRAIN, NUM_TEST, NUM_CLASSES = 12, 6, 3


def grey(count, seed=0, shape=(5, 4)):
    """Random images, and labels with every class equally often."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (count, *shape), np.uint8), np.arange(count) % NUM_CLASSES


def idx_bytes(array):
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return header + array.astype(np.uint8).tobytes()


def idx_contents(seed=0):
    """The bytes of training images and labels, test images and labels."""
    arrays = [*grey(NUM_TRAIN, seed), *grey(NUM_TEST, seed + 1000)]
    return [idx_bytes(array) for array in arrays]


def idx_set(title="Small", seed=0, pinned=True, **options):
    names = ("train-images", "train-labels", "test-images", "test-labels")
    shapes = ((NUM_TRAIN, 5, 4), (NUM_TRAIN,), (NUM_TEST, 5, 4), (NUM_TEST,))
    digests = [hashlib.sha256(content).hexdigest() for content in idx_contents(seed)]
    files = [
        IdxFile(name, shape, digest if pinned else None)
        for name, shape, digest in zip(names, shapes, digests)
    ]
    return IdxSet(title, ("small/raw", "."), tuple(files), **options)


def write_idx(folder, seed=0, packed=False):
    folder.mkdir(parents=True, exist_ok=True)
    for file, content in zip(idx_set(seed=seed).files, idx_contents(seed)):
        path = folder / (file.name + (".gz" if packed else ""))
        path.write_bytes(gzip.compress(content) if packed else content)


def small_source(files, name="small", **changes):
    """A source that reads what `write_idx` wrote."""
    source = Source(
        name=name,
        title="A small set for tests",
        licence="CC0",
        homepage="https://example.org/small",
        input_shape=(5, 4),
        num_classes=NUM_CLASSES,
        num_train=NUM_TRAIN,
        num_test=NUM_TEST,
        files=files.where(),
        find=files.find,
        read=files.read,
        per_class=(NUM_TRAIN // NUM_CLASSES, NUM_TEST // NUM_CLASSES),
    )
    return replace(source, **changes)


def encoded(pixels, kind="PNG"):
    """The bytes of an image file; pixels are (height, width) or (height, width, 3)."""
    held = io.BytesIO()
    Image.fromarray(pixels).save(held, kind)
    return held.getvalue()


def write_cifar(folder, kind, num_rows):
    """Write pickled batches as Krizhevsky's; return {file name: md5} and what they hold."""
    folder.mkdir(parents=True)
    md5s, held = {}, {}
    fine = kind.__name__ == "CIFAR100"
    for number, (name, _) in enumerate([*kind.train_list, *kind.test_list]):
        rng = np.random.default_rng(number)
        rows = rng.integers(0, 256, (num_rows, 3072), np.uint8)
        labels = [int(label) for label in np.arange(num_rows) % (100 if fine else 10)]
        batch = {"data": rows, "filenames": [f"{i}.png" for i in range(num_rows)]}
        batch |= {"fine_labels": labels, "coarse_labels": labels} if fine else {"labels": labels}
        held[name] = rows, labels
        (folder / name).write_bytes(pickle.dumps(batch, protocol=2))
    names = {"fine_label_names": ["a"]} if fine else {"label_names": ["a"]}
    (folder / kind.meta["filename"]).write_bytes(pickle.dumps(names, protocol=2))
    for path in folder.iterdir():
        md5s[path.name] = hashlib.md5(path.read_bytes()).hexdigest()
    return md5s, held
