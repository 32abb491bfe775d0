"""The cache: written once and whole, and what lies in it is checked before it is used."""

import hashlib
import importlib
import io
import json
import os
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest

import plasticity_bench as pb
from plasticity_bench.data import SOURCES, cache, is_prepared, load, missing, prepare
from plasticity_bench.safe_files import ABANDONED_SECONDS, atomic_folder
from tests.support.data_files import NUM_TRAIN, grey, idx_set, small_source, write_idx


@pytest.fixture
def root(tmp_path, own_cache, monkeypatch):
    """A data folder with the small set's files."""
    write_idx(tmp_path / "data/small/raw")
    monkeypatch.setitem(SOURCES, "small", small_source(idx_set()))
    return tmp_path / "data"


@pytest.fixture
def place(root, own_cache):
    """The small set's folder in the cache, prepared."""
    prepare("small", root, download=False)
    return own_cache / "data/small"


def told(function, *arguments):
    with pytest.raises(pb.BadInputError) as caught:
        function(*arguments)
    sentence = str(caught.value)
    assert "\n" not in sentence and sentence.endswith(".")
    return sentence


def test_what_was_prepared_is_loaded_as_a_memory_map(place):
    found = load("small")
    assert isinstance(found.images, np.memmap)
    assert (found.images[:NUM_TRAIN] == grey(NUM_TRAIN)[0]).all()
    assert load("small") is found
    assert (found.num_train, found.source, found.licence) == (
        NUM_TRAIN,
        "A small set for tests",
        "CC0",
    )


def test_what_is_recorded_is_what_is_computed(place):
    found = load("small")
    fresh = pb.data.Dataset(
        "small", np.array(found.images), found.labels, 3, NUM_TRAIN, found.source, found.licence
    )
    rows = np.arange(18)
    assert found.recorded is not None
    assert found.fingerprint == fresh.fingerprint
    assert found.inputs(rows).tobytes() == fresh.inputs(rows).tobytes()


def test_the_record_says_what_and_under_which_terms(place):
    facts = json.loads((place / "dataset.json").read_text())
    assert facts["shape"] == [18, 5, 4]
    assert facts["licence"] == "CC0"
    assert facts["images.npy"]["bytes"] == (place / "images.npy").stat().st_size
    assert sorted(path.name for path in place.iterdir()) == [
        "dataset.json",
        "images.npy",
        "labels.npy",
    ]


def test_preparing_again_reads_no_file(place, root, monkeypatch):
    shutil.rmtree(root)
    said = []
    prepare("small", None, False, said.append)
    assert said == ["small: prepared already; verifying it."]


@pytest.mark.parametrize("name", ["images.npy", "labels.npy"])
@pytest.mark.parametrize("again", [False, True], ids=["load", "prepare"])
def test_a_flipped_byte_is_found(place, name, again):
    content = bytearray((place / name).read_bytes())
    content[-1] ^= 1
    (place / name).write_bytes(content)
    assert told(*((prepare, "small") if again else (load, "small"))) == (
        f"Data set small: {place / name} is damaged: its sha256 is not the recorded one; delete "
        f"the folder {place} and run `plasticity-bench prepare small`."
    )


def forge(place, name, content):
    """Write an array's file, with a checksum and a size that fit."""
    (place / name).write_bytes(content)
    facts = json.loads((place / "dataset.json").read_text())
    facts[name] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    (place / "dataset.json").write_text(json.dumps(facts))


def array_file(shape, dtype, content=b""):
    file = io.BytesIO()
    header = {"descr": dtype, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue() + content


@pytest.mark.parametrize("name", ["images.npy", "labels.npy"])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no array",
        b"\x93NUMPY\x01\x00\xff\xff{'descr': (",
        array_file((2**40,), "<i8"),
        array_file((2**62, 2**62), "<i8"),
        array_file((-1,), "|u1", b"x"),
        array_file((4,), "|O", b"x" * 32),
        array_file((4,), "<f8", b"x" * 32),
        array_file((4,), "<i8", b"x" * 32),
    ],
)
def test_an_array_with_a_forged_checksum_is_found(place, name, content):
    forge(place, name, content)
    assert f"{name} " in (sentence := told(load, "small"))
    assert "delete the folder" in sentence


def test_a_truncated_array_is_found_by_its_size(place):
    path = place / "images.npy"
    path.write_bytes(path.read_bytes()[:-3])
    assert "images.npy has 485 bytes in place of 488; delete" in told(load, "small")


def test_a_large_array_is_hashed_by_prepare_only(place, monkeypatch):
    monkeypatch.setattr(cache, "HASHED_BYTES", 100)
    content = bytearray((place / "images.npy").read_bytes())
    content[-1] ^= 1
    (place / "images.npy").write_bytes(content)
    load("small")
    assert "images.npy is damaged" in told(prepare, "small")


def test_a_missing_array_is_found(place):
    (place / "labels.npy").unlink()
    assert "labels.npy is missing; delete the folder" in told(load, "small")


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"mean": 1}', "\0"])
def test_a_damaged_record_is_found(place, text):
    (place / "dataset.json").write_text(text)
    assert "dataset.json is damaged; delete the folder" in told(load, "small")


def test_a_set_of_another_shape_is_found(place, monkeypatch):
    monkeypatch.setitem(SOURCES, "small", small_source(idx_set(), num_train=11))
    assert "is of another version of this data set" in told(load, "small")


def test_a_cache_of_another_format_is_found(place, monkeypatch):
    monkeypatch.setattr(cache, "FORMAT", 2)
    assert "is of another version of this data set" in told(load, "small")


def test_exchanged_arrays_of_two_sets_are_found(place, root, own_cache, monkeypatch):
    write_idx(root / "other", seed=7)
    other = small_source(idx_set(title="Other", seed=7), name="other")
    monkeypatch.setitem(SOURCES, "other", other)
    prepare("other", root / "other", download=False)
    shutil.copy(own_cache / "data/other/images.npy", place / "images.npy")
    assert "images.npy is damaged" in told(load, "small")


@pytest.mark.parametrize("after", [KeyboardInterrupt, MemoryError, SystemExit])
def test_an_interrupt_on_the_way_leaves_nothing(root, own_cache, monkeypatch, after):
    def read(folder):
        yield grey(NUM_TRAIN)
        assert list(own_cache.glob("data/.small.*/images.npy"))
        raise after

    monkeypatch.setitem(SOURCES, "small", small_source(idx_set(), read=read))
    with pytest.raises(after):
        prepare("small", root, download=False)
    assert list((own_cache / "data").iterdir()) == []
    assert not is_prepared("small")
    monkeypatch.setitem(SOURCES, "small", small_source(idx_set()))
    prepare("small", root, download=False)
    assert is_prepared("small")


def test_too_few_and_too_many_examples(root, monkeypatch):
    def read(count):
        yield grey(count)

    for count, said in ((4, "has 4 examples in place of 18"), (40, "has more than the 18")):
        source = small_source(idx_set(), read=lambda _, count=count: read(count))
        monkeypatch.setitem(SOURCES, "small", source)
        assert said in told(prepare, "small", root, False)


def test_images_of_another_shape(root, monkeypatch):
    source = small_source(idx_set(), input_shape=(3, 5, 4))
    monkeypatch.setitem(SOURCES, "small", source)
    assert "images of shape (5, 4) and type uint8 in place of (3, 5, 4)" in told(
        prepare, "small", root, False
    )


def test_a_class_without_training_example(root, monkeypatch):
    source = small_source(idx_set(), num_classes=4, per_class=(None, None))
    monkeypatch.setitem(SOURCES, "small", source)
    assert "has no training example of class 3" in told(prepare, "small", root, False)


def test_a_negative_label(root, monkeypatch):
    def read(_):
        images, labels = grey(18)
        yield images, labels - 1

    monkeypatch.setitem(SOURCES, "small", small_source(idx_set(), read=read))
    assert "has the label -1" in told(prepare, "small", root, False)


def test_images_that_are_all_alike(root, monkeypatch):
    def read(_):
        images, labels = grey(18)
        yield images * 0, labels

    source = small_source(idx_set(), read=read, per_class=(None, None))
    monkeypatch.setitem(SOURCES, "small", source)
    assert "has pixels that are all alike" in told(prepare, "small", root, False)


def test_blocks_may_span_both_parts(root, monkeypatch):
    images, labels = grey(18)

    def read(_, step):
        for start in range(0, 18, step):
            yield images[start : start + step], labels[start : start + step]

    found = []
    for step in (1, 5, 18):
        source = small_source(idx_set(), read=lambda root, step=step: read(root, step))
        monkeypatch.setitem(SOURCES, "small", source)
        dataset = prepare("small", root, False)
        found.append((dataset.fingerprint, dataset.recorded.mean, dataset.recorded.std))
        shutil.rmtree(cache.folder(source))
    assert len(set(found)) == 1


def test_progress_is_told(root, monkeypatch):
    monkeypatch.setattr("plasticity_bench.data.checks.NOTICE_SECONDS", 0)
    said = []
    prepare("small", root, False, said.append)
    assert f"small: reading {root}." in said
    assert "small: 12 of 18 examples read." in said


def test_a_full_disk_is_told_before_it_is_full(root, monkeypatch):
    usage = shutil._ntuple_diskusage(100, 90, 10)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    sentence = told(prepare, "small", root, False)
    assert "it takes 504 bytes, and 10 are free; set PLASTICITY_BENCH_CACHE" in sentence


def test_a_cache_that_cannot_be_written(root, own_cache):
    shutil.rmtree(own_cache, ignore_errors=True)
    own_cache.write_text("a file")
    assert "Cannot write small to" in told(prepare, "small", root, False)


def test_not_prepared_says_what_to_do(root, own_cache, monkeypatch):
    assert missing(["digits", "small", "small"]) == [told(load, "small")]
    assert told(load, "small") == (
        "Data set small is not prepared: put these into a folder (--data-dir): train-images, "
        "train-labels, test-images, test-labels (as they are, or with .gz) into small/raw; then "
        "run `plasticity-bench prepare small`."
    )
    assert told(load, "emnist").startswith(
        "Data set emnist is not prepared: run `plasticity-bench prepare emnist`, which downloads "
    )
    monkeypatch.setenv("PLASTICITY_BENCH_DATA", str(root))
    assert told(load, "small") == (
        f"Data set small is not prepared, but its files are in {root}: run "
        "`plasticity-bench prepare small`."
    )
    prepare("small")
    assert missing(["small"]) == []


def test_unknown_names_are_told_with_the_nearest():
    with pytest.raises(pb.BadInputError, match="Did you mean 'fashion_mnist'") as caught:
        load("fashionmnist")
    assert caught.value.key == "dataset"


def test_a_source_of_a_notebook_replaces_itself(monkeypatch):
    module = importlib.import_module("plasticity_bench.data.source")
    monkeypatch.setattr(module, "SOURCES", {})
    for num_train in (1, 2):

        def read(folder):
            yield from ()

        read.__module__ = "__main__"
        pb.data.register_source(small_source(idx_set(), read=read, num_train=num_train))
    assert module.source("small").num_train == 2


def test_names_stand_for_one_source(monkeypatch):
    module = importlib.import_module("plasticity_bench.data.source")
    monkeypatch.setattr(module, "SOURCES", {})
    files = idx_set()
    pb.data.register_source(small_source(files))
    pb.data.register_source(small_source(files))
    with pytest.raises(pb.BadInputError, match="small is registered already"):
        pb.data.register_source(small_source(files, num_train=1))
    with pytest.raises(pb.BadInputError, match="lower-case letters, digits and underscores"):
        pb.data.register_source(small_source(files, name="My set"))


PREPARE = """
import sys, pathlib
from plasticity_bench.data import SOURCES, prepare
from tests.support.data_files import idx_set, small_source
SOURCES["small"] = small_source(idx_set())
while not pathlib.Path(sys.argv[2]).exists():
    pass
print(prepare("small", pathlib.Path(sys.argv[1]), False).fingerprint)
"""


def test_processes_that_prepare_at_once_all_get_it(root, own_cache, tmp_path):
    start = tmp_path / "start"
    command = [sys.executable, "-c", PREPARE, str(root), str(start)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    time.sleep(1)
    start.touch()
    told = [process.communicate(timeout=60)[0].strip() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert set(told) == {load("small").fingerprint}
    assert [path.name for path in (own_cache / "data").iterdir()] == ["small"]


def test_who_comes_second_drops_his_own(tmp_path):
    target = tmp_path / "set"
    with atomic_folder(target, replace=False) as late:
        (late / "file").write_text("late")
        with atomic_folder(target, replace=False) as early:
            (early / "file").write_text("early")
    assert (target / "file").read_text() == "early"
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_what_a_killed_process_left_is_removed_after_days(root, own_cache):
    left = [own_cache / "data" / f".set.{digit * 8}" for digit in "ab"]
    for folder in left:
        folder.mkdir(parents=True)
    long_ago = time.time() - ABANDONED_SECONDS - 60
    os.utime(left[0], (long_ago, long_ago))
    prepare("small", root, download=False)
    assert sorted(path.name for path in (own_cache / "data").iterdir()) == [left[1].name, "small"]
