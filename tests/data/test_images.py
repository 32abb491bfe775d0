"""Colour images from image files, parquet and saved tables, whatever their size."""

import io

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

import plasticity_bench as pb
from plasticity_bench.data import image_set
from plasticity_bench.data.image_set import ImageSet
from tests.support.data_files import encoded

SIZE = 8
CLASSES = ("ant", "bee", "cat")


def pixels(seed, size=SIZE):
    return np.random.default_rng(seed).integers(0, 256, (size, size, 3), np.uint8)


def table(count, seed):
    features = datasets.Features(
        {"image": datasets.Image(), "label": datasets.ClassLabel(names=list(CLASSES))}
    )
    rows = [{"bytes": encoded(pixels(seed + i)), "path": None} for i in range(count)]
    labels = [i % 3 for i in range(count)]
    return datasets.Dataset.from_dict({"image": rows, "label": labels}, features=features)


def in_image_files(folder):
    for part, count, seed in (("train", 9, 0), ("val", 3, 100)):
        for i in range(count):
            place = folder / part / CLASSES[i % 3]
            place.mkdir(parents=True, exist_ok=True)
            (place / f"{i:03}.png").write_bytes(encoded(pixels(seed + i)))


def in_parquet(folder):
    (folder / "data").mkdir(parents=True)
    whole = table(9, 0)
    for shard in range(2):
        rows = whole.select(range(5) if shard == 0 else range(5, 9))
        rows.to_parquet(folder / f"data/train-0000{shard}-of-00002-1a2b.parquet")
    table(3, 100).to_parquet(folder / "data/validation-00000-of-00001.parquet")
    table(4, 900).to_parquet(folder / "data/test-00000-of-00001.parquet")


def in_converted_parquet(folder):
    for part, rows in (("train", table(9, 0)), ("validation", table(3, 100))):
        (folder / "default" / part).mkdir(parents=True)
        rows.to_parquet(folder / "default" / part / "0000.parquet")


def saved(folder):
    datasets.DatasetDict({"train": table(9, 0), "valid": table(3, 100)}).save_to_disk(str(folder))


LAYOUTS = [in_image_files, in_parquet, in_converted_parquet, saved]


@pytest.fixture(autouse=True)
def quiet():
    datasets.disable_progress_bars()


def examples(root, size=SIZE):
    """Training and test examples as read, each sorted by label: folders are read by class."""
    blocks = list(ImageSet("set", size).read(root))
    images = np.concatenate([images for images, _ in blocks])
    labels = np.concatenate([labels for _, labels in blocks])
    parts = []
    for part in (slice(0, 9), slice(9, 12)):
        order = np.argsort(labels[part], kind="stable")
        parts.append((images[part][order], labels[part][order]))
    return parts


@pytest.mark.parametrize("write", LAYOUTS)
@pytest.mark.parametrize("block", [4, 1024])
def test_every_layout_gives_the_same_examples(tmp_path, monkeypatch, write, block):
    monkeypatch.setattr(image_set, "BLOCK", block)
    write(tmp_path / "set")
    assert ImageSet("set", SIZE).find(tmp_path)
    for (images, labels), count, seed in zip(examples(tmp_path), (9, 3), (0, 100)):
        order = sorted(range(count), key=lambda i: i % 3)
        assert labels.tolist() == [i % 3 for i in order]
        wanted = np.stack([pixels(seed + i).transpose(2, 0, 1) for i in order])
        assert images.dtype == np.uint8
        assert (images == wanted).all()


def test_hidden_files_and_folders_are_of_no_class(tmp_path):
    in_image_files(tmp_path / "set")
    expected = examples(tmp_path)
    train = tmp_path / "set" / "train"
    for hidden in (train / ".ipynb_checkpoints", train / CLASSES[0] / ".ipynb_checkpoints"):
        hidden.mkdir()
        (hidden / "000-checkpoint.png").write_bytes(encoded(pixels(0)))
    (train / CLASSES[0] / "._000.png").write_bytes(b"\x00\x05\x16\x07")
    for found, wanted in zip(examples(tmp_path), expected, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(found, wanted, strict=True))


def test_larger_images_are_averaged_over_boxes(tmp_path):
    in_image_files(tmp_path / "set")
    (images, _), _ = examples(tmp_path, SIZE // 2)
    means = pixels(0).reshape(4, 2, 4, 2, 3).astype(float).mean((1, 3)).transpose(2, 0, 1)
    assert np.abs(images[0] - means).max() <= 1  # Pillow rounds after rows and after columns


def test_grey_and_transparent_images_become_colour(tmp_path):
    in_image_files(tmp_path / "set")
    grey = pixels(0)[..., 0]
    (tmp_path / "set/train/ant/000.png").write_bytes(encoded(grey))
    clear = np.dstack([pixels(3), np.full((SIZE, SIZE), 255, np.uint8)])
    (tmp_path / "set/train/ant/003.png").write_bytes(encoded(clear))
    (images, _), _ = examples(tmp_path)
    assert (images[0] == grey).all()
    assert (images[1] == pixels(3).transpose(2, 0, 1)).all()


def test_tiny_imagenet_as_it_was_published(tmp_path):
    folder = tmp_path / "set"
    for name in CLASSES:
        (folder / "train" / name / "images").mkdir(parents=True)
    for i in range(9):
        path = folder / "train" / CLASSES[i % 3] / "images" / f"{i}.png"
        path.write_bytes(encoded(pixels(i)))
    (folder / "val/images").mkdir(parents=True)
    (folder / "test/images").mkdir(parents=True)  # without labels; not read
    lines = []
    for i in range(3):
        (folder / f"val/images/val_{i}.png").write_bytes(encoded(pixels(100 + i)))
        lines.append(f"val_{i}.png\t{CLASSES[i]}\t0\t0\t7\t7\n")
    (folder / "val/val_annotations.txt").write_text("".join(lines))
    (_, labels), (test_images, test_labels) = examples(tmp_path)
    assert labels.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert test_labels.tolist() == [0, 1, 2]
    assert (test_images[2] == pixels(102).transpose(2, 0, 1)).all()


def told(root):
    with pytest.raises(pb.BadInputError) as caught:
        list(ImageSet("set", SIZE).read(root))
    sentence = str(caught.value)
    assert "\n" not in sentence and sentence.endswith(".")
    return sentence


def test_a_folder_of_something_else(tmp_path):
    (tmp_path / "set/pictures").mkdir(parents=True)
    assert "set has no part called train or training (found: pictures)" in told(tmp_path)


def test_a_folder_without_test_part(tmp_path):
    (tmp_path / "set/train/ant").mkdir(parents=True)
    assert "set has no part called validation or valid or val or test" in told(tmp_path)


def test_a_class_that_is_not_trained(tmp_path):
    in_image_files(tmp_path / "set")
    (tmp_path / "set/val/ant").rename(tmp_path / "set/val/dog")
    assert "000.png is of class dog, which has no folder of training images" in told(tmp_path)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_truncated_image(tmp_path, kind):
    in_image_files(tmp_path / "set")
    content = encoded(pixels(4, 64), kind)
    (tmp_path / "set/train/bee/004.png").write_bytes(content[: len(content) // 2])
    assert "train/bee/004.png cannot be read as an image" in told(tmp_path)


def test_an_image_of_16_bits(tmp_path):
    in_image_files(tmp_path / "set")
    deep = Image.fromarray(np.full((SIZE, SIZE), 4095, np.uint16))
    deep.save(tmp_path / "set/train/bee/004.png")
    assert "train/bee/004.png cannot be read as an image (its pixels are numbers from 4095" in told(
        tmp_path
    )


def test_an_empty_image(tmp_path):
    in_image_files(tmp_path / "set")
    (tmp_path / "set/val/cat/002.png").write_bytes(b"")
    assert "val/cat/002.png cannot be read as an image" in told(tmp_path)


def test_an_annotated_image_that_is_missing(tmp_path):
    in_image_files(tmp_path / "set")
    (tmp_path / "set/val/val_annotations.txt").write_text("gone.png\tant\t0\t0\t1\t1\n")
    assert "gone.png cannot be read as an image" in told(tmp_path)


def test_annotations_of_another_format(tmp_path):
    in_image_files(tmp_path / "set")
    (tmp_path / "set/val/val_annotations.txt").write_text("val_0.png ant\n")
    assert "has the line 'val_0.png ant' in place of a file and its class" in told(tmp_path)


def test_a_table_whose_labels_are_names(tmp_path):
    (tmp_path / "set").mkdir()
    named = table(3, 0).cast_column("label", datasets.Value("string"))
    for part in ("train", "test"):
        named.to_parquet(tmp_path / f"set/{part}.parquet")
    assert "has the label '0'; labels are whole numbers" in told(tmp_path)


def test_a_truncated_parquet_file(tmp_path):
    in_parquet(tmp_path / "set")
    path = next((tmp_path / "set").rglob("train-00001*"))
    path.write_bytes(path.read_bytes()[:-20])
    assert f"{path} cannot be read" in told(tmp_path)


def test_a_flipped_byte_in_a_parquet_file(tmp_path):
    in_parquet(tmp_path / "set")
    path = next((tmp_path / "set").rglob("train-00000*"))
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 255  # within an image, which has its own checksum
    path.write_bytes(content)
    assert "train-00000-of-00002-1a2b.parquet cannot be read" in told(tmp_path)


def test_a_table_with_other_columns(tmp_path):
    (tmp_path / "set").mkdir()
    for part in ("train", "test"):
        renamed = table(3, 0).rename_column("image", "photo")
        renamed.to_parquet(tmp_path / f"set/{part}.parquet")
    assert "has no column called image or img (found: photo, label)" in told(tmp_path)


def test_a_truncated_saved_table(tmp_path):
    saved(tmp_path / "set")
    path = next((tmp_path / "set/train").glob("*.arrow"))
    path.write_bytes(path.read_bytes()[:200])
    assert "cannot be read" in told(tmp_path)


def test_a_parquet_image_of_raw_bytes(tmp_path):
    """Files that were not written by `datasets` have no word on what their columns are."""
    import pyarrow
    import pyarrow.parquet

    (tmp_path / "set").mkdir()
    for part, count, seed in (("train", 9, 0), ("val", 3, 100)):
        rows = [{"bytes": encoded(pixels(seed + i)), "path": ""} for i in range(count)]
        bare = pyarrow.table({"image": rows, "label": [i % 3 for i in range(count)]})
        pyarrow.parquet.write_table(bare, tmp_path / f"set/{part}-0.parquet")
    (images, _), _ = examples(tmp_path)
    assert (images[0] == pixels(0).transpose(2, 0, 1)).all()


def test_the_small_imagenets_are_such_sets():
    for name, size in (
        ("imagenet32", 32),
        ("imagenet64", 64),
        ("tiny_imagenet", 64),
        ("tiny_imagenet32", 32),
    ):
        source = pb.data.source(name)
        assert source.read.__self__.size == size
        assert source.input_shape == (3, size, size)


@pytest.mark.parametrize("kind", ["EPS", "TIFF", "PPM", "PCX"])
def test_only_the_named_formats_are_opened(tmp_path, kind, monkeypatch):
    """Pillow opens any format by its content, and starts Ghostscript for one of them."""
    in_image_files(tmp_path / "set")
    (tmp_path / "set/train/bee/004.png").write_bytes(encoded(pixels(4), kind))
    monkeypatch.setattr("PIL.EpsImagePlugin.Ghostscript", lambda *_: pytest.fail("it was started"))
    assert "train/bee/004.png cannot be read as an image" in told(tmp_path)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "WEBP"])
def test_these_formats_are_opened(tmp_path, kind):
    in_image_files(tmp_path / "set")
    (tmp_path / "set/train/bee/004.png").write_bytes(encoded(pixels(4), kind))
    assert len(examples(tmp_path)[0][1]) == 9


@pytest.mark.parametrize("size", [9_000, 20_000])
def test_an_image_that_expands_to_gigabytes(tmp_path, size):
    in_image_files(tmp_path / "set")
    file = io.BytesIO()
    Image.new("1", (size, size)).save(file, "PNG")
    (tmp_path / "set/train/bee/004.png").write_bytes(file.getvalue())
    assert len(file.getvalue()) < 100_000
    assert "train/bee/004.png cannot be read as an image" in told(tmp_path)


@pytest.mark.parametrize("row", [None, {"bytes": None, "path": None}, {"path": "a secret"}])
def test_a_row_without_an_image_reads_no_other_file(tmp_path, row):
    in_parquet(tmp_path / "set")
    secret = tmp_path / "secret.png"
    secret.write_bytes(encoded(pixels(0)))
    if row and row["path"]:
        row = {"bytes": None, "path": str(secret)}
    good = {"bytes": encoded(pixels(1)), "path": None}
    path = next((tmp_path / "set").rglob("train-00000*"))
    pq.write_table(pa.table({"image": [good, row], "label": [0, 1]}), path)
    assert "row 1 of" in (sentence := told(tmp_path))
    assert "has no image in it" in sentence
