"""Sources of real data, one file each. Every source becomes one `Dataset`."""

from collections.abc import Callable
from functools import cache

from plasticity_bench.data import digits
from plasticity_bench.data.dataset import Dataset
from plasticity_bench.errors import BadInputError, did_you_mean

__all__ = ["SOURCES", "Dataset", "load"]

SOURCES: dict[str, Callable[[], Dataset]] = {"digits": digits.load}


@cache
def load(name: str) -> Dataset:
    """Return the named data set, read once in a process.

    Raises:
        BadInputError: if there is no source of that name.
    """
    if name not in SOURCES:
        raise BadInputError(f"Unknown data set {name!r}. {did_you_mean(name, SOURCES)}", "dataset")
    return SOURCES[name]()
