"""Sources of real data, one file each. Every source becomes one `Dataset`."""

from plasticity_bench.data.cifar import CIFAR10, CIFAR100
from plasticity_bench.data.dataset import Dataset
from plasticity_bench.data.digits import DIGITS
from plasticity_bench.data.emnist import EMNIST
from plasticity_bench.data.imagenet import (
    IMAGENET32,
    IMAGENET64,
    TINY_IMAGENET,
    TINY_IMAGENET32,
    TINY_SMALL32,
)
from plasticity_bench.data.mnist import FASHION_MNIST, MNIST
from plasticity_bench.data.mnist_10k import MNIST_10K
from plasticity_bench.data.preparing import is_prepared, load, missing, prepare, source, where
from plasticity_bench.data.source import SOURCES, Source, register_source

__all__ = [
    "SOURCES",
    "Dataset",
    "Source",
    "is_prepared",
    "load",
    "missing",
    "prepare",
    "register_source",
    "source",
    "where",
]

for _source in (
    DIGITS,
    MNIST,
    MNIST_10K,
    FASHION_MNIST,
    EMNIST,
    CIFAR10,
    CIFAR100,
    IMAGENET32,
    IMAGENET64,
    TINY_IMAGENET,
    TINY_IMAGENET32,
    TINY_SMALL32,
):
    register_source(_source)
