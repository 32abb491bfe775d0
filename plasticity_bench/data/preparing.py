"""Prepare a data set once, and load it."""

import shutil
from collections.abc import Callable, Iterable
from functools import cache as once
from pathlib import Path

import numpy as np

from plasticity_bench.data import cache, own
from plasticity_bench.data.dataset import Dataset
from plasticity_bench.data.source import Source
from plasticity_bench.data.source import source as registered
from plasticity_bench.errors import BadInputError
from plasticity_bench.folders import cache_folder, data_folder
from plasticity_bench.safe_files import atomic_folder, remove_abandoned


def source(name: str) -> Source:
    """Return the source of a data set, registered or a user's that is in the cache.

    Raises:
        BadInputError: if there is none of that name.
    """
    if not own.is_name(name):
        return registered(name)
    if not own.is_stored(name):
        raise own.not_stored(name)
    return own.source(name)


@once
def load(name: str) -> Dataset:
    """Return the named data set, read once in a process; nothing is downloaded.

    Raises:
        BadInputError: if there is no source of that name, or it is not prepared, or what was
            prepared is damaged.
    """
    known = source(name)
    if own.is_name(name):
        return own.load(name)
    if known.embedded:
        return _embedded(known)
    if not cache.exists(known):
        raise BadInputError(_not_prepared(known), "dataset")
    return cache.read(known)


def is_prepared(name: str) -> bool:
    """Return whether a data set can be loaded; its arrays are not read."""
    if own.is_name(name):
        return own.is_stored(name)
    known = source(name)
    return known.embedded or cache.exists(known)


def missing(names: Iterable[str]) -> list[str]:
    """Return a sentence for each data set that is not prepared, with what to do."""
    return [_not_prepared(source(name)) for name in dict.fromkeys(names) if not is_prepared(name)]


def where(name: str) -> str:
    """Return where a prepared data set is, for messages."""
    known = source(name)
    return "nothing to prepare" if known.embedded else str(cache.folder(known))


def prepare(
    name: str,
    data_dir: Path | None = None,
    download: bool = True,
    notify: Callable[[str], None] = lambda _: None,
) -> Dataset:
    """Write a data set to the cache, from files on this machine or else from the network.

    Args:
        name: of its source.
        data_dir: the folder with files; None for PLASTICITY_BENCH_DATA, if that is set.
        download: whether its files may be downloaded, if they are not there.
        notify: called with a sentence about each step.

    Raises:
        BadInputError: if it is unavailable, or its files are not the published ones.
    """
    known = source(name)
    if own.is_name(name):
        return own.load(name)
    if known.embedded:
        return _embedded(known)
    if cache.exists(known):
        notify(f"{name}: prepared already; verifying it.")
        return cache.read(known, verify=True)
    root = _found(known, data_dir)
    if root is None:
        root = _downloaded(known, data_dir, download, notify)
    notify(f"{name}: reading {root}.")
    try:
        cache.write(known, known.read(root), str(root), notify)
    except BadInputError as error:
        if root == _downloads(known) and error.key == "dataset":  # its files, not the disk
            shutil.rmtree(root, ignore_errors=True)  # the next `prepare` downloads them again
        raise
    return cache.read(known)


def _embedded(known: Source) -> Dataset:
    images, labels = (np.concatenate(arrays) for arrays in zip(*known.read(Path()), strict=True))
    return Dataset(
        known.name, images, labels, known.num_classes, known.num_train, known.title, known.licence
    )


def _downloads(known: Source) -> Path:
    return cache_folder() / "downloads" / known.name


def _found(known: Source, data_dir: Path | None) -> Path | None:
    """Return the folder that has a source's files, if one does."""
    given = data_dir or data_folder()
    if given is not None and not given.is_dir():
        named = "--data-dir" if data_dir else "PLASTICITY_BENCH_DATA"
        raise BadInputError(f"There is no folder {given}; set {named} to the one with your data.")
    for root in (given, _downloads(known)):
        if root is not None and root.is_dir() and known.find(root):
            return root
    return None


def _downloaded(
    known: Source, data_dir: Path | None, download: bool, notify: Callable[[str], None]
) -> Path:
    """Download a source's files atomically; return their folder."""
    given = data_dir or data_folder()
    location = f" in {given}" if given else ""
    if known.download is None or not download:
        raise BadInputError(
            f"No file of data set {known.name}{location}: {_by_hand(known, given)}."
        )
    target = _downloads(known)
    notify(
        f"{known.name}: none of its files{location or ' on this machine'}; downloading to {target}."
    )
    if target.is_dir() and not known.find(target):  # a link into a hub's cache that was deleted
        shutil.rmtree(target, ignore_errors=True)
    try:
        remove_abandoned(target.parent)
        with atomic_folder(target, replace=False) as draft:
            known.download(draft)
    except (OSError, RuntimeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise BadInputError(
            f"Data set {known.name} cannot be downloaded ({reason.rstrip('.')}); try again, or "
            f"{_by_hand(known, given)}."
        ) from error
    return target


def _by_hand(known: Source, given: Path | None) -> str:
    folder = str(given) if given else "a folder (--data-dir)"
    return f"put these into {folder}: {known.files}"


def _not_prepared(known: Source) -> str:
    begin = f"Data set {known.name} is not prepared"
    command = f"`plasticity-bench prepare {known.name}`"
    given = data_folder()
    if given is not None and known.find(given):
        return f"{begin}, but its files are in {given}: run {command}."
    if known.download is None:
        return f"{begin}: {_by_hand(known, given)}; then run {command}."
    return (
        f"{begin}: run {command}, which downloads it; on a machine without network, first "
        f"{_by_hand(known, given)}."
    )
