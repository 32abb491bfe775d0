"""Data sets of any bytes are read, or refused in a sentence."""

import io
import tarfile
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from plasticity_bench.data import SOURCES, cifar, dataset_entry, loaders
from plasticity_bench.data.image_set import ImageSet
from plasticity_bench.data.preparing import prepare
from plasticity_bench.data.torchvision_guard import torchvision_datasets
from tests.data.test_images import SIZE, in_parquet
from tests.fuzz.support import HEAVY, QUICK, edits, mutated, told
from tests.support.data_files import idx_set, small_source, write_cifar, write_idx

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def cache(own_cache):
    """A cache of these tests only."""


CSV = b"width,height,species\n1.5,2,a\n3,4.25,b\n,6,a\n7,8,c\n"


@QUICK
@given(edits)
def test_csv(changes):
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "table.csv"
        path.write_bytes(mutated(CSV, changes))
        with told():
            loaders.from_csv(path)


@QUICK
@given(st.text("0123456789.,eE+-abN\n\"'", max_size=120))
def test_any_csv(text):
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "table.csv"
        path.write_text("x,y,label\n" + text)
        with told():
            loaders.from_csv(path)


def npz():
    file = io.BytesIO()
    np.savez(file, inputs=np.arange(24.0).reshape(6, 4), labels=np.arange(6) % 3)
    return file.getvalue()


NPZ = npz()


@QUICK
@given(edits)
def test_npz(changes):
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "arrays.npz"
        path.write_bytes(mutated(NPZ, changes))
        with told():
            dataset_entry.from_mapping({"npz": str(path)})


def picture(kind):
    file = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 255, (8, 9, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


PICTURES = {kind: picture(kind) for kind in ("PNG", "JPEG", "BMP", "WEBP")}
FOREIGN = (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", b"GIF89a", b"P6 9 9 255\n")


@HEAVY
@given(st.sampled_from(list(PICTURES)), edits, st.sampled_from([None, *FOREIGN]))
def test_images(kind, changes, foreign):
    with tempfile.TemporaryDirectory() as name:
        content = mutated(PICTURES[kind], changes) if foreign is None else foreign
        for index, data in enumerate((PICTURES[kind], content)):
            place = Path(name) / "photos" / f"class{index}"
            place.mkdir(parents=True)
            (place / f"1.{kind.lower()}").write_bytes(data)
        with told():
            loaders.from_image_folder(Path(name) / "photos")


@QUICK
@given(edits)
def test_parquet_of_images(changes):
    with tempfile.TemporaryDirectory() as name:
        for file, content in PARQUET.items():
            path = Path(name) / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(mutated(content, changes) if "train-00000" in file else content)
        with told():
            list(ImageSet("set", SIZE).read(Path(name)))


@pytest.fixture(scope="module", autouse=True)
def parquet(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parquet")
    in_parquet(folder / "set")
    files = [path for path in folder.rglob("*") if path.is_file()]
    PARQUET.update({str(path.relative_to(folder)): path.read_bytes() for path in files})


PARQUET = {}


@QUICK
@given(edits, st.integers(0, 3))
def test_idx(changes, which):
    with tempfile.TemporaryDirectory() as name:
        raw = Path(name) / "small/raw"
        write_idx(raw)
        path = sorted(raw.iterdir())[which]
        path.write_bytes(mutated(path.read_bytes(), changes))
        SOURCES["small"] = small_source(idx_set())
        try:
            with told():
                prepare("small", Path(name), download=False)
        finally:
            del SOURCES["small"]


ARCHIVE = {}


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    """The reader of CIFAR-10 archives with batches of ten images, and one in `ARCHIVE`."""
    reader = cifar._TEN
    kind = torchvision_datasets().CIFAR10
    folder = tmp_path_factory.mktemp("cifar") / reader.folder
    md5s, _ = write_cifar(folder, kind, num_rows=10)
    with pytest.MonkeyPatch.context() as patch:
        for attribute in ("train_list", "test_list"):
            listed = [[name, md5s[name]] for name, _ in getattr(kind, attribute)]
            patch.setattr(kind, attribute, listed)
        patch.setattr(kind, "meta", {**kind.meta, "md5": md5s[kind.meta["filename"]]})
        packed = folder.parent / reader.archive
        with tarfile.open(packed, "w:gz") as file:
            file.add(folder, folder.name)
        ARCHIVE["whole"] = packed.read_bytes()
        yield reader


@HEAVY
@given(changes=edits)
def test_cifar_archive(reader, changes):
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / reader.archive).write_bytes(mutated(ARCHIVE["whole"], changes))
        # Its batches are pickles, which are read only if their checksums are right.
        with told(allowed={"pickle.find_class"}):
            list(reader.read(Path(name)))
