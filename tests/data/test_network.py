"""Downloads: never tried for long without network, kept as a whole, and checked."""

import hashlib
import os
import socket
import subprocess
import sys
import time
from dataclasses import replace
from unittest.mock import Mock

import pytest

import plasticity_bench as pb
from plasticity_bench.data import SOURCES, hub, load, mnist_10k, network, npm, prepare
from plasticity_bench.data.image_set import ImageSet
from plasticity_bench.data.torchvision_guard import torchvision_datasets
from plasticity_bench.safe_files import ABANDONED_SECONDS
from tests.data import test_images as images
from tests.support.data_files import idx_set, small_source, write_idx


@pytest.fixture
def no_network(own_cache, monkeypatch):
    def refuse(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def network_there(own_cache, monkeypatch):
    monkeypatch.setattr(network, "reachable", lambda host: True)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)


def told(name, **options):
    with pytest.raises(pb.BadInputError) as caught:
        prepare(name, **options)
    sentence = str(caught.value)
    assert "\n" not in sentence and sentence.endswith(".")
    return sentence


DOWNLOADED = [name for name, source in SOURCES.items() if source.download]


@pytest.mark.parametrize("name", DOWNLOADED)
def test_without_network_each_says_which_files_go_where(no_network, own_cache, name):
    began = time.monotonic()
    sentence = told(name)
    assert time.monotonic() - began < 5
    assert f"Data set {name} cannot be downloaded (" in sentence
    assert "cannot be reached); try again, or put these into a folder (--data-dir): " in sentence
    assert SOURCES[name].files in sentence
    assert {path.suffix for path in own_cache.glob("**/*.*")} <= {".so"}  # no data


def test_every_set_but_the_embedded_one_can_be_downloaded():
    assert set(SOURCES) - set(DOWNLOADED) == {"digits"}


@pytest.mark.slow
def test_without_network_the_command_fails_at_once(tmp_path):
    """A process of its own, its proxy a port at which nobody listens: no network anywhere."""
    offline = {
        **os.environ,
        "PLASTICITY_BENCH_CACHE": str(tmp_path),
        "https_proxy": "http://127.0.0.1:9",
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "no_proxy": "",
        "NO_PROXY": "",
    }
    for name in ("cifar10", "tiny_imagenet"):
        command = [sys.executable, "-m", "plasticity_bench.cli", "prepare", name]
        done = subprocess.run(command, env=offline, capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert done.stdout == ""
        assert f"Data set {name} cannot be downloaded" in done.stderr.splitlines()[-1]


def test_a_name_server_that_does_not_answer_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(network, "SECONDS", 0.2)

    def wait(*_, **__):
        time.sleep(1.5)
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", wait)
    began = time.monotonic()
    assert not network.reachable("example.org")
    assert time.monotonic() - began < 1


def test_a_host_that_answers_is_reached_directly_or_by_proxy(monkeypatch):
    tried = []

    class Connection:
        def close(self):
            pass

    def connect(address, timeout):
        tried.append(address)
        return Connection()

    monkeypatch.setattr(socket, "create_connection", connect)
    monkeypatch.setattr(network.urllib.request, "getproxies", dict)
    assert network.reachable("example.org")
    proxies = {"https": "http://user:word@proxy.local:3128"}
    monkeypatch.setattr(network.urllib.request, "getproxies", lambda: proxies)
    monkeypatch.setattr(network.urllib.request, "proxy_bypass", lambda host: host == "inside")
    assert network.reachable("example.org")
    assert network.reachable("inside")
    assert tried == [("example.org", 443), ("proxy.local", 3128), ("inside", 443)]


def test_no_download_asks_no_network(own_cache, monkeypatch):
    monkeypatch.setattr(socket, "create_connection", None)
    assert told("cifar100", download=False) == (
        "No file of data set cifar100: put these into a folder (--data-dir): the folder "
        "cifar-100-python, or cifar-100-python.tar.gz as it is; or parquet files of lossless images "
        "as cifar100/**/train*.parquet and cifar100/**/test*.parquet."
    )


def test_a_data_folder_that_is_not_there(own_cache, tmp_path, monkeypatch):
    assert f"no folder {tmp_path / 'x'}; set --data-dir" in told("mnist", data_dir=tmp_path / "x")
    monkeypatch.setenv("PLASTICITY_BENCH_DATA", str(tmp_path / "y"))
    assert f"no folder {tmp_path / 'y'}; set PLASTICITY_BENCH_DATA" in told("mnist")


def test_a_download_is_kept_and_read(network_there, own_cache, tmp_path, monkeypatch):
    def download(root):
        write_idx(root / "small/raw")

    monkeypatch.setitem(SOURCES, "small", small_source(idx_set(), download=download))
    said = []
    prepare("small", notify=said.append)
    kept = own_cache / "downloads/small"
    assert said[0] == f"small: none of its files on this machine; downloading to {kept}."
    assert load("small").num_train == 12
    assert (kept / "small/raw/train-images").is_file()
    (own_cache / "data/small/dataset.json").unlink()
    monkeypatch.setitem(SOURCES, "small", small_source(idx_set()))  # nothing to download with
    (own_cache / "data/small").rename(tmp_path / "away")
    prepare("small")


def test_a_download_that_a_killed_process_left_is_removed_after_days(
    network_there, own_cache, monkeypatch
):
    left = [own_cache / "downloads" / f".small.{digit * 8}" for digit in "ab"]
    for folder in left:
        folder.mkdir(parents=True)
    long_ago = time.time() - ABANDONED_SECONDS - 60
    os.utime(left[0], (long_ago, long_ago))
    source = small_source(idx_set(), download=lambda root: write_idx(root / "small/raw"))
    monkeypatch.setitem(SOURCES, "small", source)
    prepare("small")
    kept = sorted(path.name for path in (own_cache / "downloads").iterdir())
    assert kept == [left[1].name, "small"]


def test_a_download_that_breaks_leaves_nothing(network_there, own_cache, monkeypatch):
    def download(root):
        (root / "small/raw").mkdir(parents=True)
        (root / "small/raw/train-images").write_bytes(b"half")
        raise OSError("connection reset\nby peer")

    monkeypatch.setitem(SOURCES, "small", small_source(idx_set(), download=download))
    assert "small cannot be downloaded (connection reset); try again, or put" in told("small")
    assert list((own_cache / "downloads").iterdir()) == []


def test_a_download_that_turns_out_damaged_is_not_kept(network_there, own_cache, monkeypatch):
    def download(root):
        write_idx(root / "small/raw", seed=damaged.pop())

    damaged = [0, 1]
    monkeypatch.setitem(SOURCES, "small", small_source(idx_set(), download=download))
    assert "is damaged: its sha256 is not that of" in told("small")
    assert not (own_cache / "downloads/small").exists()
    prepare("small")
    assert damaged == []


def test_a_link_into_a_cache_that_was_deleted_is_made_anew(network_there, own_cache, monkeypatch):
    def download(root):
        (root / "small").symlink_to(own_cache.parent / "hub", target_is_directory=True)

    monkeypatch.setitem(SOURCES, "small", small_source(idx_set(), download=download))
    download_again = own_cache / "downloads/small"
    download_again.mkdir(parents=True)
    (download_again / "small").symlink_to(own_cache.parent / "gone")
    write_idx(own_cache.parent / "hub/raw")
    prepare("small")
    assert (download_again / "small").resolve() == own_cache.parent / "hub"


def test_torchvision_is_asked_for_the_right_class(network_there, own_cache, monkeypatch, capsys):
    asked = []
    for name in ("MNIST", "FashionMNIST", "EMNIST", "CIFAR10", "CIFAR100"):

        def make(root, name=name, **options):
            asked.append((name, options))
            print("Downloading")
            raise RuntimeError("File not found or corrupted.")

        monkeypatch.setattr(torchvision_datasets(), name, make)
    monkeypatch.setattr(npm.urllib.request, "urlopen", Mock(side_effect=OSError("no registry")))
    for name in ("mnist", "fashion_mnist", "emnist", "cifar10", "cifar100"):
        also = "; no registry" if name in ("mnist", "cifar10") else ""
        assert f"cannot be downloaded (File not found or corrupted{also});" in told(name)
    assert asked == [
        ("MNIST", {"download": True}),
        ("FashionMNIST", {"download": True}),
        ("EMNIST", {"download": True, "split": "balanced"}),
        ("CIFAR10", {"download": True}),
        ("CIFAR100", {"download": True}),
    ]
    assert capsys.readouterr().out == ""


def test_of_emnists_splits_only_the_balanced_one_is_kept(network_there, tmp_path, monkeypatch):
    raw = tmp_path / "EMNIST/raw"

    def make(root, split, download):
        raw.mkdir(parents=True)
        for name in ("emnist-balanced-train-labels-idx1-ubyte", "emnist-byclass-x", "gzip.zip"):
            (raw / name).touch()

    monkeypatch.setattr(torchvision_datasets(), "EMNIST", make)
    SOURCES["emnist"].download(tmp_path)
    assert [path.name for path in raw.iterdir()] == ["emnist-balanced-train-labels-idx1-ubyte"]


def test_the_package_of_digits_is_checked(network_there, monkeypatch, tmp_path):
    import io

    content = b"some archive"
    monkeypatch.setattr(npm.urllib.request, "urlopen", lambda url, timeout: io.BytesIO(content))
    assert "what came from https://registry.npmjs.org/mnist" in told("mnist_10k")
    package = replace(mnist_10k.PACKAGE, sha256=hashlib.sha256(content).hexdigest())
    package.download(tmp_path)
    assert (tmp_path / package.archive).read_bytes() == content


def test_a_damaged_package_of_digits(own_cache, tmp_path):
    (tmp_path / mnist_10k.PACKAGE.archive).write_bytes(b"x")
    assert "is damaged: its sha256 is not the published one; get it anew from" in told(
        "mnist_10k", data_dir=tmp_path
    )


def test_the_hub_gives_the_parts_that_are_read(network_there, tmp_path, monkeypatch):
    import huggingface_hub

    asked = {}
    images.in_parquet(tmp_path / "snapshot")

    def snapshot_download(hub_id, **options):
        asked.update(hub_id=hub_id, **options)
        return str(tmp_path / "snapshot")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    reader = ImageSet("set", images.SIZE, "org/name")
    (tmp_path / "root").mkdir()
    reader.download(tmp_path / "root")
    assert asked == {
        "hub_id": "org/name",
        "repo_type": "dataset",
        "allow_patterns": ["*train*.parquet", "*val*.parquet"],
        "local_files_only": False,
    }
    assert reader.find(tmp_path / "root")
    assert sum(len(labels) for _, labels in reader.read(tmp_path / "root")) == 12


def hub_error(kind):
    from huggingface_hub import errors

    return getattr(errors, kind)("no", response=Mock())


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("GatedRepoError", "given only to those who accept its terms: do that at https://hugg"),
        ("RepositoryNotFoundError", "is not on the hub, or needs `hf auth login`"),
        ("HfHubHTTPError", "cannot be downloaded (no); try again"),
    ],
)
def test_what_the_hub_refuses_is_told(network_there, monkeypatch, kind, said):
    import huggingface_hub

    def snapshot_download(*_, **__):
        raise hub_error(kind)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    assert said in told("tiny_imagenet")


def test_the_hub_is_not_asked_where_it_is_set_offline(own_cache, monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(network, "reachable", None)
    assert "huggingface.co cannot be reached" in told("imagenet32")
    assert hub.ENDPOINT == "https://huggingface.co"
