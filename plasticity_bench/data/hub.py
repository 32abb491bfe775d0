"""Parquet files of the Hugging Face hub."""

import os
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from plasticity_bench.data import network

ENDPOINT = "https://huggingface.co"


def download(hub_id: str, parts: Iterable[str], folder: Path) -> None:
    """Put the parquet files of some parts of a hub data set into a folder.

    The folder is a link into the hub's own cache, which resumes an interrupted download and shares
    files with other programs.

    Raises:
        OSError: if there is no network and nothing in the cache, or the hub refuses.
    """
    host = urlsplit(os.environ.get("HF_ENDPOINT") or ENDPOINT).hostname or ENDPOINT
    offline = bool(os.environ.get("HF_HUB_OFFLINE")) or not network.reachable(host)
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
    )

    try:
        snapshot = snapshot_download(
            hub_id,
            repo_type="dataset",
            allow_patterns=[f"*{part}*.parquet" for part in parts],
            local_files_only=offline,
        )
    except LocalEntryNotFoundError as error:
        raise ConnectionError(f"{host} cannot be reached") from error
    except GatedRepoError as error:
        raise PermissionError(
            f"{hub_id} is given only to those who accept its terms: do that at "
            f"{ENDPOINT}/datasets/{hub_id}, then `hf auth login`"
        ) from error
    except RepositoryNotFoundError as error:
        raise FileNotFoundError(f"{hub_id} is not on the hub, or needs `hf auth login`") from error
    folder.symlink_to(snapshot, target_is_directory=True)
