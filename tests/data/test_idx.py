"""IDX files as MNIST has them: read as they are, and every fault told in one sentence."""

import gzip

import numpy as np
import pytest

import plasticity_bench as pb
from plasticity_bench.data import SOURCES
from plasticity_bench.data.preparing import prepare
from tests.support.data_files import (
    NUM_TRAIN,
    grey,
    idx_bytes,
    idx_contents,
    idx_set,
    small_source,
    write_idx,
)


@pytest.fixture
def raw(tmp_path, own_cache, monkeypatch):
    """The folder of four true files, and a source for them."""
    write_idx(tmp_path / "data/small/raw")
    monkeypatch.setitem(SOURCES, "small", small_source(idx_set()))
    return tmp_path / "data/small/raw"


def prepared(raw):
    return prepare("small", raw.parents[1], download=False)


def told(raw):
    with pytest.raises(pb.BadInputError) as caught:
        prepared(raw)
    sentence = str(caught.value)
    assert "\n" not in sentence and sentence.endswith(".")
    return sentence


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("place", ["small/raw", "."])
def test_files_are_read_packed_or_not_wherever_they_lie(
    tmp_path, own_cache, monkeypatch, packed, place
):
    monkeypatch.setitem(SOURCES, "small", small_source(idx_set()))
    write_idx(tmp_path / "data" / place, packed=packed)
    found = prepare("small", tmp_path / "data", download=False)
    images, labels = grey(NUM_TRAIN)
    assert (found.images[:NUM_TRAIN] == images).all()
    assert (found.images[NUM_TRAIN:] == grey(6, 1000)[0]).all()
    assert found.labels[:NUM_TRAIN].tolist() == labels.tolist()
    assert found.num_train == NUM_TRAIN


def test_emnists_columns_become_rows(raw, monkeypatch):
    flipped = small_source(idx_set(transposed=True), input_shape=(4, 5))
    monkeypatch.setitem(SOURCES, "small", flipped)
    assert (prepared(raw).images[:NUM_TRAIN] == grey(NUM_TRAIN)[0].transpose(0, 2, 1)).all()


def test_emnist_is_such_a_set_and_mnist_is_not():
    assert SOURCES["emnist"].read.__self__.transposed
    mnist, package = SOURCES["mnist"].read.__self__.layouts
    assert package.sha256
    for files in (mnist, SOURCES["fashion_mnist"].read.__self__):
        assert not files.transposed
        assert all(file.sha256 for file in files.files)


def test_a_missing_file_is_named(raw):
    (raw / "train-labels").unlink()
    assert "train-labels is missing (packed as .gz will do); put all four" in told(raw)


def test_a_truncated_file(raw):
    path = raw / "train-images"
    path.write_bytes(path.read_bytes()[:-7])
    assert "train-images has 249 bytes unpacked in place of 256; get this file anew" in told(raw)


def test_a_file_of_a_few_bytes(raw):
    (raw / "test-labels").write_bytes(b"\0\0\x08")
    assert "test-labels begins with 0x000008 in place of 0x00000801" in told(raw)
    (raw / "test-labels").write_bytes(b"\0\0\x08\1\0")
    assert "test-labels holds" in told(raw)


def test_an_empty_gz(raw):
    (raw / "train-images").unlink()
    (raw / "train-images.gz").write_bytes(b"")
    assert "train-images.gz cannot be read (it is empty)" in told(raw)


def test_a_truncated_gz(raw):
    packed = gzip.compress((raw / "train-images").read_bytes())
    (raw / "train-images").unlink()
    (raw / "train-images.gz").write_bytes(packed[: len(packed) // 2])
    assert "train-images.gz cannot be read" in told(raw)


@pytest.mark.parametrize("name", ["train-images", "train-labels", "test-images", "test-labels"])
def test_one_flipped_byte_in_any_file(raw, name):
    content = bytearray((raw / name).read_bytes())
    content[-1] ^= 1
    (raw / name).write_bytes(content)
    assert f"{name} is damaged: its sha256 is not that of the" in told(raw)


def test_one_flipped_byte_in_a_gz_without_pin(raw, monkeypatch):
    monkeypatch.setitem(SOURCES, "small", small_source(idx_set(pinned=False)))
    packed = bytearray(gzip.compress((raw / "train-images").read_bytes()))
    packed[len(packed) // 2] ^= 1
    (raw / "train-images").unlink()
    (raw / "train-images.gz").write_bytes(packed)
    assert "train-images.gz cannot be read" in told(raw)


def test_a_wrong_magic_number(raw):
    content = (raw / "train-images").read_bytes()
    (raw / "train-images").write_bytes(b"\x7fELF" + content[4:])
    assert "begins with 0x7f454c46 in place of 0x00000803: not the training images" in told(raw)


def test_exchanged_training_and_test_files(raw):
    one, other = (raw / "train-images"), (raw / "test-images")
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)
    assert "train-images holds the test images of Small, not the training images" in told(raw)


def test_exchanged_training_and_test_files_without_pins(raw, monkeypatch):
    monkeypatch.setitem(SOURCES, "small", small_source(idx_set(title="Bare", pinned=False)))
    monkeypatch.setattr("plasticity_bench.data.idx._published", {})
    (raw / "train-labels").write_bytes((raw / "test-labels").read_bytes())
    assert "train-labels holds 6 values in place of 12" in told(raw)


def test_exchanged_images_and_labels(raw):
    (raw / "train-labels").write_bytes((raw / "train-images").read_bytes())
    assert "train-labels holds the training images of Small, not the training labels" in told(raw)


def test_images_of_another_data_set(raw):
    idx_set(title="Another", seed=5)
    (raw / "train-images").write_bytes(idx_contents(seed=5)[0])
    assert "holds the training images of Another, not the training images of Small" in told(raw)


def test_labels_out_of_range(raw, monkeypatch):
    monkeypatch.setitem(SOURCES, "small", small_source(idx_set(pinned=False)))
    (raw / "train-labels").write_bytes(idx_bytes(np.full(NUM_TRAIN, 9)))
    assert "has the label 9, where labels are from 0 to 2; get its files anew" in told(raw)


def test_labels_of_the_wrong_counts(raw, monkeypatch):
    monkeypatch.setitem(SOURCES, "small", small_source(idx_set(pinned=False)))
    labels = grey(NUM_TRAIN)[1]
    labels[0] = 1
    (raw / "train-labels").write_bytes(idx_bytes(labels))
    assert "has 3 training examples of class 0 in place of 4" in told(raw)


def test_nothing_half_made_is_left_behind(raw, own_cache):
    (raw / "test-images").write_bytes(b"")
    told(raw)
    assert not list(own_cache.glob("data/*"))
    assert not list(own_cache.glob("data/.*"))
