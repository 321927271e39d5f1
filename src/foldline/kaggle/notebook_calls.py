"""What is asked of the `kaggle` client about datasets and notebooks; as client_calls.py about competitions."""

import contextlib
import io
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from foldline.kaggle.client_calls import UploadFailed, ask, number, of_pages, sent, sizes, text

SOURCES = {
    "dataset_sources": "datasetDataSources",
    "competition_sources": "competitionDataSources",
    "kernel_sources": "kernelDataSources",
    "model_sources": "modelDataSources",
}
FLAGS = {
    "is_private": "isPrivate",
    "enable_gpu": "enableGpu",
    "enable_tpu": "enableTpu",
    "enable_internet": "enableInternet",
}
"""By the keys of kernel-metadata.json: those of Kaggle's reply."""
BLOCK_BYTES = 1 << 16
TRIES = 10
"""Of sending one file: each goes on where the one before was cut off."""


def send_file(api: Any, path: str) -> str:
    """Send a file for a dataset: its token."""
    from kagglesdk.blobs.types.blob_api_service import ApiBlobType

    return sent(api, path, "StartBlobUpload", "blobs", TRIES, type=ApiBlobType.DATASET, name=Path(path).name)


def create_dataset(api: Any, owner: str, slug: str, title: str, license_name: str, tokens: Sequence[str]) -> None:
    facts = {"owner_slug": owner, "slug": slug, "title": title, "license_name": license_name, "is_private": True}
    _made(ask(api, "CreateDataset", "datasets", files=_files(tokens), **facts))


def create_dataset_version(api: Any, owner: str, slug: str, notes: str, tokens: Sequence[str]) -> None:
    from kagglesdk.datasets.types.dataset_api_service import ApiCreateDatasetVersionRequestBody

    body = ApiCreateDatasetVersionRequestBody()
    body.version_notes, body.files = notes, _files(tokens)
    _made(ask(api, "CreateDatasetVersion", "datasets", owner_slug=owner, dataset_slug=slug, body=body))


def _files(tokens: Sequence[str]) -> list[Any]:
    from kagglesdk.datasets.types.dataset_api_service import ApiDatasetNewFile

    files = [ApiDatasetNewFile() for _ in tokens]
    for file, token in zip(files, tokens, strict=True):
        file.token = token
    return files


def _made(reply: dict[str, Any]) -> None:
    if str(reply.get("status")).lower() != "ok":
        raise UploadFailed(str(reply.get("error") or reply))


def dataset_status(api: Any, owner: str, slug: str) -> str:
    reply = ask(api, "GetDatasetStatus", "datasets", owner_slug=owner, dataset_slug=slug)
    return str(reply.get("status") or "").upper()


def dataset_files(api: Any, owner: str, slug: str) -> dict[str, int]:
    """Sizes in bytes by name."""
    return sizes(of_pages(api, "ListDatasetFiles", "datasetFiles", "datasets", owner_slug=owner, dataset_slug=slug))


def dataset_text(api: Any, owner: str, slug: str, name: str) -> str:
    """Of a small file in it; empty where it comes under another name."""
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        api.dataset_download_file(f"{owner}/{slug}", name, path=folder, force=True, quiet=True)
        path = Path(folder) / name
        return path.read_text(encoding="utf-8") if path.is_file() else ""


def push_notebook(api: Any, folder: str, seconds: int) -> int:
    """The number of the new version, whose session begins."""
    reply = api.kernels_push(folder, str(seconds))
    if reply.error:
        raise UploadFailed(reply.error)
    return number(reply.version_number)


def notebook(api: Any, owner: str, slug: str) -> dict[str, Any]:
    """Its latest version: `version`, `source`, and what kernel-metadata.json says, under the same keys."""
    reply = ask(api, "GetKernel", "kernels", user_name=owner, kernel_slug=slug)
    metadata, blob = reply.get("metadata") or {}, reply.get("blob") or {}
    sources = {key: metadata.get(name) or [] for key, name in SOURCES.items()}
    flags = {key: bool(metadata.get(name)) for key, name in FLAGS.items()}
    version = number(metadata.get("currentVersionNumber"))
    return {"version": version, "source": str(blob.get("source") or ""), **sources, **flags}


def session(api: Any, owner: str, slug: str) -> dict[str, str]:
    """`status` and `message` of the latest version's."""
    reply = ask(api, "GetKernelSessionStatus", "kernels", user_name=owner, kernel_slug=slug)
    status = str(reply.get("status") or "QUEUED").upper().rpartition(".")[2]
    return {"status": status, "message": text(reply.get("failureMessage"))}


def session_files(api: Any, owner: str, slug: str) -> dict[str, str]:
    """Links to what the latest version's session left, by name."""
    files = of_pages(api, "ListKernelSessionOutput", "files", "kernels", user_name=owner, kernel_slug=slug)
    return {str(file.get("fileName")): str(file.get("url")) for file in files}


def session_log(api: Any, owner: str, slug: str) -> str:
    """What it printed."""
    reply = ask(api, "ListKernelSessionOutput", "kernels", user_name=owner, kernel_slug=slug)
    log = str(reply.get("log") or "")
    try:
        return "".join(entry["data"] for entry in json.loads(log))
    except (ValueError, TypeError, KeyError):
        return log


def fetch_file(api: Any, link: str, path: str) -> None:
    """Put a link's file there. The client's own call takes an error for a file, and holds each in memory first."""
    import requests

    with requests.get(link, stream=True) as reply, Path(path).open("wb") as file:
        reply.raise_for_status()
        for block in reply.iter_content(BLOCK_BYTES):
            file.write(block)


def submit_notebook(
    api: Any, competition: str, owner: str, slug: str, version: int, file: str, message: str
) -> dict[str, Any]:
    """The one call that counts."""
    which = {"kernel_owner": owner, "kernel_slug": slug, "kernel_version": version, "file_name": file}
    given = {"competition_name": competition, "submission_description": message, **which}
    reply = ask(api, "CreateCodeSubmission", "competitions", **given)
    return {"ref": number(reply.get("ref")), "message": text(reply.get("message"))}
