"""CIFAR's pickled batches in their true format, with md5s of small ones."""

import contextlib
import random
import tarfile

import numpy as np
import pytest

import plasticity_bench as pb
from plasticity_bench.data import cifar
from plasticity_bench.data.torchvision_guard import torchvision_datasets
from tests.support.data_files import write_cifar

SETS = {"CIFAR10": cifar._TEN, "CIFAR100": cifar._HUNDRED}


@pytest.fixture(params=list(SETS))
def small(request, tmp_path, monkeypatch):
    """A reader, its folder of batches, and what they hold."""
    reader = SETS[request.param]
    kind = getattr(torchvision_datasets(), request.param)
    folder = tmp_path / reader.folder
    md5s, held = write_cifar(folder, kind, num_rows=100)
    for attribute in ("train_list", "test_list"):
        listed = [[name, md5s[name]] for name, _ in getattr(kind, attribute)]
        monkeypatch.setattr(kind, attribute, listed)
    monkeypatch.setattr(kind, "meta", {**kind.meta, "md5": md5s[kind.meta["filename"]]})
    return reader, folder, held


def told(reader, folder):
    with pytest.raises(pb.BadInputError) as caught:
        list(reader.read(folder.parent))
    return str(caught.value)


def test_batches_are_read_in_order_channels_first(small):
    reader, folder, held = small
    (images, labels), (test_images, test_labels) = reader.read(folder.parent)
    *training, test = held.values()
    assert images.dtype == np.uint8
    assert (images == np.concatenate([rows for rows, _ in training]).reshape(-1, 3, 32, 32)).all()
    assert labels.tolist() == [label for _, given in training for label in given]
    assert (test_images == test[0].reshape(-1, 3, 32, 32)).all()
    assert test_labels.tolist() == test[1]


def test_cifar100_has_its_fine_labels(small):
    reader, folder, _ = small
    (_, labels), _ = reader.read(folder.parent)
    assert labels.max() == (99 if reader.kind == "CIFAR100" else 9)


def test_the_archive_will_do(small):
    reader, folder, held = small
    with tarfile.open(folder.parent / reader.archive, "w:gz") as archive:
        archive.add(folder, folder.name)
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    assert reader.find(folder.parent)
    assert [len(labels) for _, labels in reader.read(folder.parent)] == [100 * (len(held) - 1), 100]


def test_a_truncated_archive(small, tmp_path):
    reader, folder, _ = small
    place = tmp_path / "packed"
    place.mkdir()
    with tarfile.open(place / reader.archive, "w:gz") as archive:
        archive.add(folder, folder.name)
    content = (place / reader.archive).read_bytes()
    (place / reader.archive).write_bytes(content[: len(content) // 2])
    with pytest.raises(pb.BadInputError, match=f"{reader.archive} cannot be unpacked"):
        list(reader.read(place))


@pytest.mark.slow
def test_a_flipped_bit_anywhere_in_the_archive(small, tmp_path):
    reader, folder, _ = small
    place = tmp_path / "packed"
    place.mkdir()
    with tarfile.open(place / reader.archive, "w:gz") as archive:
        archive.add(folder, folder.name)
    content = (place / reader.archive).read_bytes()
    chance = random.Random(0)
    for number in (*range(0, 300, 10), *chance.choices(range(8 * len(content)), k=60)):
        flipped = bytearray(content)
        flipped[number // 8] ^= 1 << number % 8
        (place / reader.archive).write_bytes(flipped)
        with contextlib.suppress(pb.BadInputError):  # of a time or an owner nothing is read
            list(reader.read(place))


def test_a_missing_batch(small):
    reader, folder, held = small
    (folder / next(iter(held))).unlink()
    assert f"{next(iter(held))} is missing; get this file anew." in told(reader, folder)


def test_one_flipped_byte(small):
    reader, folder, held = small
    path = folder / list(held)[-1]
    content = bytearray(path.read_bytes())
    content[1000] ^= 1
    path.write_bytes(content)
    assert f"{path.name} is damaged: its md5 is not the published one" in told(reader, folder)


def test_a_truncated_batch(small):
    reader, folder, held = small
    path = folder / next(iter(held))
    path.write_bytes(path.read_bytes()[:-1])
    assert f"{path.name} is damaged" in told(reader, folder)


def test_exchanged_training_and_test_batches(small):
    reader, folder, held = small
    first, last = next(iter(held)), list(held)[-1]
    (folder / first).write_bytes((folder / last).read_bytes())
    assert f"{first} is {last}, not {first}" in told(reader, folder)


def test_a_pickle_that_is_not_the_published_one_is_not_opened(small, tmp_path):
    reader, folder, held = small
    harm = tmp_path / "harm"
    payload = f"cos\nmkdir\n(V{harm}\ntR.".encode()
    (folder / next(iter(held))).write_bytes(payload)
    assert "is damaged" in told(reader, folder)
    assert not harm.exists()
