"""A user's own data in one line: everything is found, named by content, and usable by any stream."""

import re
import shutil
import subprocess
import sys

import datasets
import numpy as np
import pandas
import pytest
import torch
from PIL import Image

import plasticity_bench as pb
from plasticity_bench.cli import main
from plasticity_bench.data import own
from plasticity_bench.data.torchvision_guard import torchvision_datasets
from plasticity_bench.errors import BadInputError
from plasticity_bench.folders import cache_folder

CLASSES = ("bird", "cat")


@pytest.fixture(autouse=True)
def here(own_cache, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "hf"))
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    for cached in (own.load, own.source):
        cached.cache_clear()
    yield tmp_path
    for cached in (own.load, own.source):
        cached.cache_clear()


def image(seed, height=40, width=60, mode="RGB"):
    shape = (height, width, 3) if mode == "RGB" else (height, width)
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, np.uint8))


def write_photos(root, count=4, **kind):
    for number, name in enumerate(CLASSES):
        folder = root / name
        folder.mkdir(parents=True)
        for i in range(count):
            image(10 * number + i, **kind).save(folder / f"{i}.png")


def write_table(path, rows=30):
    table = pandas.DataFrame({"length": np.arange(rows) / 7, "count": np.arange(rows)})
    table["species"] = [CLASSES[i % 2] for i in range(rows)]
    table.to_csv(path, index=False)


def test_a_flat_folder_of_images_is_a_data_set(here):
    write_photos(here / "My photos", height=70)
    (here / "My photos" / "cat" / ".ipynb_checkpoints").mkdir()
    (here / "My photos" / "cat" / ".ipynb_checkpoints" / "0.png").write_bytes(b"no")
    (here / "My photos" / "cat" / "._0.png").write_bytes(b"no")
    photos = pb.from_image_folder("My photos")
    assert photos.name.startswith("my_photos-")
    assert (photos.input_shape, photos.num_train, photos.classes) == ((3, 32, 32), 8, CLASSES)
    assert photos.labels.tolist() == [0] * 4 + [1] * 4
    small = image(10, 70).resize((32, 32), Image.Resampling.BOX)
    assert (photos.images[4] == np.asarray(small).transpose(2, 0, 1)).all()
    assert repr(photos).endswith("8 training examples of 3 x 32 x 32, 2 classes)")


def test_small_images_keep_their_size_and_grey_ones_have_no_channel(here):
    write_photos(here / "photos", height=12, width=9, mode="L")
    assert pb.from_image_folder("photos").input_shape == (12, 9)
    assert pb.from_image_folder("photos", size=8).input_shape == (8, 8)
    assert pb.from_image_folder("photos", size=[4, 6]).input_shape == (4, 6)


def test_folders_train_and_test_are_the_parts(here):
    write_photos(here / "photos" / "train", count=4)
    write_photos(here / "photos" / "test", count=2)
    photos = pb.from_image_folder("photos")
    assert (photos.num_train, len(photos.labels)) == (8, 12)


def test_files_are_read_again_only_if_they_have_changed(here, monkeypatch):
    write_photos(here / "photos")
    before = pb.from_image_folder("photos").name
    with monkeypatch.context() as patch:
        patch.setattr(datasets, "load_dataset", None)
        assert pb.from_image_folder("photos").name == before
    image(99).save(here / "photos" / "cat" / "0.png")
    assert pb.from_image_folder("photos").name != before
    image(10).save(here / "photos" / "cat" / "0.png")
    assert pb.from_image_folder("photos").name == before  # named by content


def test_a_table_of_numbers_is_standardised_by_column(here):
    write_table(here / "iris.csv")
    iris = pb.from_csv("iris.csv")
    assert (iris.input_shape, iris.num_train, iris.classes) == ((2,), 30, CLASSES)
    inputs = iris.inputs(np.arange(30))
    assert inputs.dtype == np.float32
    np.testing.assert_allclose(inputs.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(inputs.std(0), 1, atol=1e-6)
    low, high = iris.bounds
    assert (low, high) == (inputs.min(), inputs.max())


def test_a_table_may_have_a_test_file_other_columns_and_pixels(here):
    write_table(here / "a.csv")
    write_table(here / "b.csv", rows=6)
    both = pb.from_csv("a.csv", test="b.csv", inputs=["length"], label="species")
    assert (both.num_train, len(both.labels), both.input_shape) == (30, 36, (1,))
    pixels = pandas.DataFrame(np.random.default_rng(0).integers(0, 256, (10, 12)))
    pixels["label"] = np.arange(10) % 2
    pixels.to_csv("pixels.csv", index=False)
    digits = pb.from_csv("pixels.csv", shape=[3, 4])
    assert (digits.images.dtype, digits.input_shape) == (np.uint8, (3, 4))


@pytest.mark.parametrize("kind", [np.asarray, torch.from_numpy, np.ndarray.tolist])
def test_arrays_are_taken_as_they_are(kind):
    numbers = kind(np.random.default_rng(0).random((12, 5)))
    made = pb.from_arrays(numbers, ["b", "a"] * 6, test_inputs=numbers, test_labels=["a"] * 12)
    assert (made.num_train, made.input_shape, made.classes) == (12, (5,), ("a", "b"))
    assert made.labels.tolist() == [1, 0] * 6 + [0] * 12


def test_channels_may_come_last_and_labels_be_any_numbers():
    pixels = np.random.default_rng(0).integers(0, 256, (12, 8, 9, 3))
    made = pb.from_arrays(pixels, [7.0, 30.0] * 6)
    assert (made.images == pixels.transpose(0, 3, 1, 2)).all() and made.images.dtype == np.uint8
    assert made.classes == ("7", "30")
    assert pb.from_arrays(pixels[..., :1], [1, 2] * 6).input_shape == (8, 9)


def test_tables_of_datasets_with_columns_of_any_name(here):
    rows = {"img": [image(i, 20, 20) for i in range(6)], "category": list("xyxyxy")}
    table = datasets.Dataset.from_dict(rows)
    one = pb.from_datasets(table)
    assert (one.input_shape, one.num_train, one.classes) == ((3, 20, 20), 6, ("x", "y"))
    parts = datasets.DatasetDict({"train": table, "validation": table, "test": table})
    both = pb.from_datasets(parts)
    assert (both.num_train, len(both.labels)) == (6, 12)
    parts.save_to_disk("saved")
    assert pb.from_datasets("saved").name.removeprefix("saved") == both.name.removeprefix("table")
    numbers = datasets.Dataset.from_dict({"a": [1.0, 2, 4], "b": [1, 2, 3], "target": [0, 1, 0]})
    assert pb.from_datasets(numbers).input_shape == (2,)


def test_data_sets_of_torchvision(here):
    fake = torchvision_datasets().FakeData(12, (3, 16, 16), 3)
    made = pb.from_torchvision(fake, test=fake)
    assert (made.input_shape, made.num_train, len(made.labels)) == ((3, 16, 16), 12, 24)
    pairs = [(torch.rand(1, 4, 4), i % 2) for i in range(6)]
    assert pb.from_torchvision(pairs).input_shape == (4, 4)


def named(labels, names):
    """A table with one column of numbers, and one of classes."""
    table = datasets.Dataset.from_dict({"x": range(len(labels)), "label": labels})
    return table.cast_column("label", datasets.ClassLabel(names=names))


def test_classes_of_a_test_part_are_found_by_name():
    train, test = named(list("abcb"), list("abc")), named(list("cab"), list("cba"))
    made = pb.from_datasets(datasets.DatasetDict({"train": train, "test": test}))
    assert made.classes == ("a", "b", "c")
    assert made.labels.tolist() == [0, 1, 2, 1, 2, 0, 1]
    other = datasets.DatasetDict({"train": train, "test": named(list("cd"), list("dc"))})
    with pytest.raises(BadInputError, match="test examples of class d, and no training example"):
        pb.from_datasets(other)
    plain = datasets.Dataset.from_dict({"x": [1, 2], "label": [0, 1]})
    for parts in ((train, plain), (plain, train)):
        with pytest.raises(BadInputError, match="names its classes in one part only"):
            pb.from_datasets(datasets.DatasetDict(zip(("train", "test"), parts, strict=True)))


ROW_1 = "has no label in row 1: leave such rows out"
INPUTS = np.arange(4.0)[:, None]


@pytest.mark.parametrize("missing", [None, np.nan, pandas.NA, pandas.NaT])
@pytest.mark.parametrize("kind", [list, tuple, lambda x: np.array(x, object), pandas.Series])
def test_a_missing_label_is_no_class(missing, kind):
    with pytest.raises(BadInputError, match=ROW_1):
        pb.from_arrays(INPUTS, kind(["a", missing, "b", "a"]))


def test_a_missing_label_of_a_table_is_no_class():
    labels = ["a", None, "b", "a"]
    with pytest.raises(BadInputError, match=ROW_1):
        pb.from_datasets(datasets.Dataset.from_dict({"x": range(4), "label": labels}))
    with pytest.raises(BadInputError, match=ROW_1):
        pb.from_torchvision(list(zip(torch.rand(4, 3), labels, strict=True)))


def test_what_is_masked_is_refused():
    masked = np.ma.masked_array(np.arange(4), mask=[0, 1, 0, 0])
    with pytest.raises(BadInputError, match=ROW_1):
        pb.from_arrays(INPUTS, masked)
    with pytest.raises(BadInputError, match="has masked numbers"):
        pb.from_arrays(masked[:, None], [0, 1, 0, 1])
    with pytest.raises(BadInputError, match="has masked numbers"):
        pb.from_torchvision([(masked, 0), (masked, 1)])
    whole = np.ma.masked_array(INPUTS, mask=False)
    assert pb.from_arrays(whole, np.ma.masked_array([0, 1, 0, 1])).num_train == 4


def test_labels_of_torchvision_are_classes_and_not_values():
    inputs = torch.rand(4, 3)
    values = [torch.tensor(x) for x in (0.2, 1.7, 2.0, 0.0)]
    with pytest.raises(BadInputError, match=r"the label 0.2\d* in row 0; labels are classes"):
        pb.from_torchvision(list(zip(inputs, values, strict=True)))
    with pytest.raises(BadInputError, match=r"has a label of shape \(2,\) in row 0;"):
        pb.from_torchvision(torch.utils.data.TensorDataset(inputs, torch.ones(4, 2)))
    wholes = [torch.tensor(1.0), np.int8(2), 1, torch.tensor([2])]
    made = pb.from_torchvision(list(zip(inputs, wholes, strict=True)))
    assert made.labels.tolist() == [0, 1, 0, 1]


SHALLOW = np.arange(64).reshape(8, 8)
BLACK = np.zeros((8, 8, 4), np.uint8)
LOSSY = {
    "16 bits": (
        Image.fromarray((SHALLOW * 1000).astype(np.uint16)),
        "its pixels are numbers from 0 to 63000, ",
    ),
    "transparent": (Image.fromarray(BLACK + np.uint8([0, 0, 0, 254])), "it has transparent pix"),
    "a transparent colour": (Image.fromarray(SHALLOW.astype(np.uint8)), "it has transparent pix"),
}
LOSSY["a transparent colour"][0].info["transparency"] = 7


@pytest.mark.parametrize(("picture", "told"), LOSSY.values(), ids=LOSSY.keys())
def test_pixels_that_would_lose_what_is_in_them_are_refused(here, picture, told):
    write_photos(here / "photos", height=8, width=8)
    picture.save(here / "photos" / "cat" / "9.png")
    with pytest.raises(BadInputError, match=f"photos/cat/9.png cannot be read as an image .{told}"):
        pb.from_image_folder("photos")
    with pytest.raises(BadInputError, match=f"image 1 of the data set cannot be read .*{told}"):
        pb.from_torchvision([(image(0, 8, 8), 0), (picture, 1)])


@pytest.mark.parametrize("kind", [np.uint16, np.int32, np.float32])
def test_deep_pixels_of_few_bits_and_opaque_ones_are_as_they_were(kind):
    shallow = SHALLOW.astype(np.uint8)
    opaque = Image.fromarray(shallow).convert("LA")
    made = pb.from_torchvision([(Image.fromarray(SHALLOW.astype(kind)), 0), (opaque, 1)])
    assert (made.images == shallow).all()
    beyond = Image.fromarray((SHALLOW + 0.5).astype(np.float32))
    with pytest.raises(BadInputError, match="numbers from 0.5 to 63.5, not whole ones"):
        pb.from_torchvision([(beyond, 0), (opaque, 1)])


def test_what_was_read_need_not_be_noted(here):
    write_table(here / "iris.csv")
    made = pb.from_csv("iris.csv")
    notes = cache_folder() / "data" / "own" / "read"
    shutil.rmtree(notes)
    notes.write_text("a folder that cannot be written")
    assert pb.from_csv("iris.csv").name == made.name


def test_columns_are_named_by_numbers_as_in_a_header_of_pixels(here):
    write_table(here / "words.csv")
    numbers = pandas.read_csv(here / "words.csv").set_axis(["0", "1", "2"], axis=1)
    numbers.to_csv(here / "numbers.csv", index=False)
    words = pb.from_csv("words.csv", label="species", inputs=["count"])
    as_numbers = pb.from_csv("numbers.csv", label=2, inputs=[1])
    assert as_numbers.fingerprint == words.fingerprint
    assert pb.from_csv("numbers.csv", label="2", inputs="1").name == as_numbers.name
    entry = {"csv": "numbers.csv", "label": 2, "inputs": 1}
    named = pb.make_stream("plasticity/RandomLabelDigits-v0", dataset=entry)
    assert named.dataset == as_numbers.name
    table = datasets.Dataset.from_pandas(numbers)
    assert pb.from_datasets(table, label=2, inputs=1).fingerprint == words.fingerprint


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_tensors_of_training_are_arrays(dtype):
    inputs = torch.arange(8, dtype=dtype).reshape(4, 2).requires_grad_()
    made = pb.from_arrays(inputs, torch.tensor([0, 1, 0, 1], dtype=dtype))
    plain = pb.from_arrays(np.arange(8, dtype=np.float32).reshape(4, 2), [0, 1, 0, 1])
    assert made.fingerprint == plain.fingerprint
    pairs = [(one, i % 2) for i, one in enumerate(inputs)]
    assert pb.from_torchvision(pairs).fingerprint == plain.fingerprint


def parted(*of_test):
    """Tables with two columns, and with some of them in the test part."""
    columns = {"x": [1.0, 2.0], "label": ["a", "b"]}
    tables = columns, {name: columns[name] for name in of_test}
    train, test = map(datasets.Dataset.from_dict, tables)
    return datasets.DatasetDict({"train": train, "test": test})


MISTAKES = {
    "no folder": (lambda: pb.from_image_folder("nope"), "There is no folder nope"),
    "no file": (lambda: pb.from_csv("nope.csv"), "There is no file nope.csv, looked for from /"),
    "no classes": (lambda: pb.from_image_folder("photos/cat"), "put images into a folder for each"),
    "no column": (lambda: pb.from_csv("iris.csv", label="specie"), "Did you mean 'species'?"),
    "decimal commas": (lambda: pb.from_csv("commas.csv"), "commas.csv cannot be read as CSV: "),
    "text": (lambda: pb.from_csv("iris.csv", label="count"), "text in column 'species', as 'bird'"),
    "values": (lambda: pb.from_arrays([[1.0], [2]], [0.5, 1]), "the label 0.5 in row 0"),
    "endless labels": (lambda: pb.from_arrays([[1.0], [2]], [1, np.inf]), "label inf in row 1"),
    "huge labels": (lambda: pb.from_arrays([[1.0], [2]], [1e300, 1]), "label 1e.300 in row 0"),
    "huge": (lambda: pb.from_arrays([[1.0], [1e300]], [0, 1]), "too large in row 1"),
    "nan": (lambda: pb.from_arrays([[1.0], [np.nan]], [0, 1]), "missing, infinite .* in row 1"),
    "one class": (lambda: pb.from_arrays([[1.0], [2]], [1, 1]), "has one class, 1;"),
    "lengths": (lambda: pb.from_arrays([[1.0], [2], [3]], [1, 2]), "give one label for each"),
    "ragged": (lambda: pb.from_arrays([[1.0, 2], [3]], [0, 1]), "no array: setting an array elem"),
    "ragged labels": (lambda: pb.from_arrays([[1.0], [2]], [[0], [1, 2]]), "that are no array: "),
    "gradients": (
        lambda: pb.from_arrays([torch.ones(2, requires_grad=True)] * 2, [0, 1]),
        "no array: Can't call numpy.. on Tensor that requires grad",
    ),
    "test without label": (lambda: pb.from_datasets(parted("x")), "no column 'label' in its test"),
    "test without input": (lambda: pb.from_datasets(parted("label")), "no column 'x' in its test"),
    "numbers": (lambda: pb.from_arrays([1, 2], [1, 2]), r"inputs of shape \(2,\)"),
    "untrained": (
        lambda: pb.from_arrays([[1.0], [2]], [0, 1], test_inputs=[[1.0]], test_labels=[2]),
        "test examples of class 2, and no training example",
    ),
    "hub": (lambda: pb.from_datasets("no/such"), "Data set no/such cannot be read: "),
    "no table": (lambda: pb.from_datasets(3), "is a int; give a datasets.Dataset"),
    "torchvision": (lambda: pb.from_torchvision("MNIS"), "Did you mean 'MNIST'"),
    "no files": (lambda: pb.from_torchvision("MNIST", root="x"), r"python -c .*download=True"),
    "broken": (lambda: pb.from_image_folder("broken"), r"broken/cat/9.png cannot be read as an"),
}


@pytest.mark.parametrize(("call", "expected"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_one_sentence(here, call, expected):
    write_photos(here / "photos")
    write_photos(here / "broken")
    (here / "broken" / "cat" / "9.png").write_bytes(b"no image")
    write_table(here / "iris.csv")
    (here / "commas.csv").write_text("x,label\n1,5,0\n2,5,1\n")
    with pytest.raises(BadInputError, match=expected) as caught:
        call()
    assert "\n" not in str(caught.value)


SUITE = """\
suite: me/own-v0
streams:
  - id: plasticity/RandomLabelDigits-v0
    num_tasks: 2
    updates_per_task: 5
    dataset: {image_folder: photos, size: 8}
    network: {hidden: [8]}
  - id: plasticity/PermutedClassDigits-v0
    num_tasks: 2
    updates_per_task: 5
    dataset: {csv: iris.csv}
    network: {hidden: [8]}
learners: [fresh, adam]
seeds: 1
"""


def test_a_stream_takes_a_data_set_itself(here):
    write_table(here / "iris.csv")
    iris = pb.from_csv("iris.csv")
    stream = pb.make_stream("plasticity/RandomLabelDigits-v0", dataset=iris)
    assert (stream.dataset, stream.size(0), stream.input_shape) == (iris.name, 30, (2,))
    assert stream.fingerprint() != pb.make_stream("plasticity/RandomLabelDigits-v0").fingerprint()
    given = pb.make_stream("plasticity/RandomLabelDigits-v0", dataset=iris, num_examples=12)
    assert given.size(0) == 12
    with pytest.raises(BadInputError, match="num_examples is 31"):
        pb.make_stream("plasticity/RandomLabelDigits-v0", dataset=iris, num_examples=31)
    pb.check_stream(stream)


@pytest.mark.slow
def test_a_suites_file_names_files_and_all_processes_find_them(here, capsys):
    write_photos(here / "photos", count=10)
    write_table(here / "iris.csv")
    (here / "suite.yaml").write_text(SUITE)
    assert main(["run", "suite.yaml", "--jobs", "2"]) == 0
    first = capsys.readouterr().out
    (here / "photos").rename(here / "moved")
    (here / "suite.yaml").write_text(SUITE.replace("photos", "moved"))
    assert main(["run", "suite.yaml"]) == 0
    told = capsys.readouterr()
    assert "8 runs, 0 finished" not in told.err
    assert first.count("RandomLabel") == told.out.count("RandomLabel") == 1


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("{image_foldr: photos}", "Did you mean 'image_folder'?"),
        ("{csv: iris.csv, labl: x}", "csv has no 'labl'. Did you mean 'label'?"),
        ("{csv: [1]}", "csv is a path, not \\[1\\]"),
        ("{csv: iris.csv, label: [species]}", "label is the name of a column, not \\['species'"),
        ("{csv: iris.csv, label: true}", "label is the name of a column, not True"),
        ("{csv: iris.csv, label: 3}", "has no column '3'. Known: count, length, species."),
        ("{csv: iris.csv, inputs: 1}", "has no column '1'. Known: "),
        ("{csv: iris.csv, inputs: {a: 1}}", "inputs is the name of a column, or a list of them,"),
        ("{csv: iris.csv, inputs: [length, null]}", "or a list of them, not \\['length', None"),
        ("{csv: iris.csv, name: 3}", "dataset: name is a text, not 3"),
        ("{csv: iris.csv, licence: [MIT]}", "dataset: licence is a text, not \\['MIT'"),
        ("{csv: iris.csv, shape: 8.5}", "no examples of shape 8.5"),
        ("{csv: iris.csv, test: [a.csv]}", "dataset: test is a path, not \\['a.csv'"),
        ("{image_folder: photos, size: 8.5}", "size is a number of pixels, or height and width"),
        ("{image_folder: photos, size: {a: 1}}", "size is a number of pixels, or height and wi"),
        ("{npz: iris.npz, name: 3}", "dataset: name is a text, not 3"),
        ("{torchvision: MNIST, root: 3}", "dataset: root is a path, not 3"),
        ("{datasets: saved, label: 3}", "Data set saved cannot be read"),
        ("{csv: nope.csv}", "There is no file nope.csv"),
    ],
)
def test_a_slip_in_a_suite_has_its_line(here, capsys, entry, expected):
    write_table(here / "iris.csv")
    write_photos(here / "photos")
    np.savez(here / "iris.npz", inputs=np.eye(4), labels=[0, 1, 0, 1])
    (here / "suite.yaml").write_text(SUITE.replace("{csv: iris.csv}", entry).replace(
        "{image_folder: photos, size: 8}", "{csv: iris.csv}"
    ))  # fmt: skip
    assert main(["show", "suite.yaml"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("plasticity-bench: suite.yaml:11: streams[1].dataset: ")

    assert re.search(expected, line), line


def test_another_process_finds_it_and_a_damaged_one_is_refused(here, own_cache):
    made = pb.from_arrays(np.random.default_rng(0).random((12, 5)), [0, 1] * 6)
    code = f"import plasticity_bench as pb; print(pb.data.load({made.name!r}).num_train)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "12\n"
    own.load.cache_clear()
    pb.data.load.cache_clear()
    labels = own_cache / "data" / "own" / made.name / "labels.npy"
    np.save(labels, 1 - np.load(labels))
    with pytest.raises(BadInputError, match="is damaged; delete this folder"):
        pb.data.load(made.name)
    with pytest.raises(BadInputError, match="is not in the cache"):
        pb.data.load("other-0123456789ab")
