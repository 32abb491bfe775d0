"""Files and folders that are there as a whole or not at all, whatever was there before."""

import os
import time

import pytest

from plasticity_bench import safe_files
from plasticity_bench.safe_files import atomic_folder, remove_abandoned, remove_file, write_atomic


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("replace", [False, True])
def test_a_folder_is_there_when_the_block_ends_and_not_before(tmp_path, replace):
    target = tmp_path / "deep" / "target"
    with atomic_folder(target, replace=replace) as draft:
        (draft / "a").write_text("1")
        assert not target.exists()
    assert (target / "a").read_text() == "1"
    assert names(target.parent) == ["target"]


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_in_the_block_leaves_what_was_there(tmp_path, replace, error):
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "old").write_text("0")
    with pytest.raises(error), atomic_folder(tmp_path / "target", replace=replace) as draft:
        (draft / "a").write_text("1")
        raise error
    assert names(tmp_path) == ["target"]
    assert names(tmp_path / "target") == ["old"]


@pytest.mark.parametrize(("replace", "left"), [(False, ["old"]), (True, ["new"])])
def test_a_folder_that_is_there_stays_or_is_replaced(tmp_path, replace, left):
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "old").write_text("0")
    with atomic_folder(tmp_path / "target", replace=replace) as draft:
        (draft / "new").write_text("1")
    assert names(tmp_path / "target") == left
    assert names(tmp_path) == ["target"]


@pytest.mark.parametrize(("replace", "left"), [(False, ["theirs"]), (True, ["ours"])])
def test_what_another_process_wrote_meanwhile_stays_or_is_replaced(tmp_path, replace, left):
    with atomic_folder(tmp_path / "target", replace=replace) as draft:
        (draft / "ours").write_text("1")
        (tmp_path / "target").mkdir()
        (tmp_path / "target" / "theirs").write_text("2")
    assert names(tmp_path / "target") == left
    assert names(tmp_path) == ["target"]


@pytest.mark.parametrize("replace", [False, True])
def test_an_empty_folder_and_a_file_give_way(tmp_path, replace):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("0")
    for name in ("folder", "file"):
        with atomic_folder(tmp_path / name, replace=replace) as draft:
            (draft / "new").write_text("1")
        assert names(tmp_path / name) == ["new"]
    assert names(tmp_path) == ["file", "folder"]


def test_a_link_is_replaced_and_what_it_leads_to_stays(tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "theirs").write_text("2")
    (tmp_path / "target").symlink_to(tmp_path / "outside")
    with atomic_folder(tmp_path / "target", replace=True) as draft:
        (draft / "ours").write_text("1")
    assert not (tmp_path / "target").is_symlink()
    assert names(tmp_path / "target") == ["ours"]
    assert names(tmp_path / "outside") == ["theirs"]


def test_only_old_drafts_are_removed(tmp_path):
    old = time.time() - safe_files.ABANDONED_SECONDS - 60
    for name in (".target.0123abcd", ".young.0123abcd", "target"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("0")
    (tmp_path / ".file.0123abcd").write_text("0")
    for name in (".target.0123abcd", ".file.0123abcd", "target"):
        os.utime(tmp_path / name, (old, old))
    with atomic_folder(tmp_path / "another", replace=False):
        assert len(names(tmp_path)) == 5  # it leaves them to its callers
    remove_abandoned(tmp_path)
    assert names(tmp_path) == [".young.0123abcd", "another", "target"]
    remove_abandoned(tmp_path / "none")


def test_a_file_is_removed_with_its_own_drafts(tmp_path):
    for name in ("file", ".file.0123abcd", ".file2.0123abcd", "file2"):
        (tmp_path / name).write_text("0")
    remove_file(tmp_path / "file")
    assert names(tmp_path) == [".file2.0123abcd", "file2"]
    remove_file(tmp_path / "file")


def test_a_file_is_whole_or_the_one_before(tmp_path, monkeypatch):
    file = tmp_path / "deep" / "file"
    write_atomic(file, b"before")

    def full(_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(safe_files.os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            write_atomic(file, b"after")
    assert file.read_bytes() == b"before"
    assert names(tmp_path / "deep") == ["file"]
    write_atomic(file, b"after")
    assert file.read_bytes() == b"after"
    assert names(tmp_path / "deep") == ["file"]
