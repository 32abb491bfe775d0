"""From uint8 pixels to the numbers a network sees: one rule, by a table of 256 values."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import plasticity_bench as pb
from plasticity_bench.data import Dataset, load
from plasticity_bench.data import dataset as module
from plasticity_bench.data.dataset import Recorded, histogram, mean_and_std


def made(images, num_train=None, **changes):
    labels = np.arange(len(images)) % 2
    return Dataset("made", images, labels, 2, num_train or len(images), "", "", **changes)


def direct(images, num_train):
    """The slow and obvious twin: standardise every pixel in float64."""
    pixels = images.astype(np.float64)
    training = pixels[:num_train]
    return ((pixels - training.mean()) / training.std()).astype(np.float32)


shapes = st.sampled_from([(6, 3, 2), (4, 3, 2, 2)])


@given(st.data(), shapes, st.integers(1, 4))
def test_the_table_gives_what_the_formula_gives(data, shape, num_train):
    images = data.draw(arrays(np.uint8, shape))
    rows = data.draw(st.lists(st.integers(0, shape[0] - 1), min_size=1))
    if np.ptp(images[:num_train]) == 0:
        return
    found = made(images, num_train).inputs(np.array(rows))
    wanted = direct(images, num_train)[rows]
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, wanted, rtol=3e-7, atol=1e-7)


def test_digits_are_converted_bit_for_bit_as_by_the_formula():
    digits = load("digits")
    found = digits.inputs(np.arange(1797))
    assert found.tobytes() == direct(digits.images, 1797).tobytes()


def test_the_rule_knows_the_training_examples_only():
    images = np.random.default_rng(0).integers(0, 256, (10, 3, 4, 4), np.uint8)
    changed = images.copy()
    changed[7:] = 255
    one, other = made(images, 7), made(changed, 7)
    rows = np.arange(7)
    assert one.inputs(rows).tobytes() == other.inputs(rows).tobytes()
    assert abs(one.inputs(rows).mean()) < 1e-6
    assert abs(one.inputs(rows).std() - 1) < 1e-6


def test_moments_are_exact_whatever_the_size(monkeypatch):
    counts = np.zeros(256, np.int64)
    counts[[3, 250]] = 4 * 10**9, 2 * 10**9  # beyond what float64 sums of squares keep
    mean, std = mean_and_std(counts)
    assert mean == (3 * 2 + 250) / 3
    assert std == pytest.approx(247 * np.sqrt(2) / 3, rel=1e-15)


def test_large_arrays_are_gone_through_in_chunks(monkeypatch):
    images = np.random.default_rng(1).integers(0, 256, (50, 4, 4), np.uint8)
    whole = made(images, 40)
    expected = whole.fingerprint, whole.inputs(np.arange(50)).tobytes()
    monkeypatch.setattr(module, "CHUNK_BYTES", 100)
    chunked = made(images, 40)
    assert (chunked.fingerprint, chunked.inputs(np.arange(50)).tobytes()) == expected
    assert histogram(images).sum() == images.size


def test_what_was_recorded_is_used_instead_of_computed():
    images = np.array([[[0, 10]], [[20, 30]]], np.uint8)
    recorded = made(images, recorded=Recorded("abc", 10.0, 5.0))
    assert recorded.fingerprint == "abc"
    assert recorded.inputs(np.array([1])).tolist() == [[[2.0, 4.0]]]


def test_pixels_that_are_all_alike_are_refused():
    with pytest.raises(pb.BadInputError, match="All pixels of made are equal"):
        made(np.full((4, 2, 2), 7, np.uint8)).inputs(np.arange(2))


def test_fingerprint_of_the_digits_is_the_published_one():
    assert load("digits").fingerprint == (
        "ca7eab1b46c5e5eb85e03a0e99fef38588216794f379eb49a29a471d28c36fd5"
    )


def test_fingerprint_knows_images_labels_classes_and_the_parts():
    images = np.random.default_rng(2).integers(0, 256, (8, 2, 2), np.uint8)
    base = made(images)
    plain = hashlib.sha256(repr(((8, 2, 2), 2)).encode())
    plain.update(images.tobytes())
    plain.update(base.labels.astype("<i8").tobytes())
    assert base.fingerprint == plain.hexdigest()
    variants = [
        made(images, 6),
        made(images, 5),
        made(np.ascontiguousarray(images[::-1])),
        replace(base, labels=1 - base.labels),
        replace(base, num_classes=3),
    ]
    assert len({base.fingerprint, *(variant.fingerprint for variant in variants)}) == 6


def test_only_the_asked_rows_are_read():
    class Counting(np.ndarray):
        read = 0

        def __getitem__(self, key):
            found = super().__getitem__(key)
            if isinstance(key, np.ndarray):
                Counting.read += len(key)
            return found

    images = np.random.default_rng(3).integers(0, 256, (100, 2, 2), np.uint8).view(Counting)
    dataset = made(images, recorded=Recorded("", 0.0, 1.0))
    assert dataset.inputs(np.array([5, 7])).shape == (2, 2, 2)
    assert Counting.read == 2
