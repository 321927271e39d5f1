"""What is asked of the `kaggle` client, and replies as they come: its own classes raise for a status or a date that
they do not know.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from foldline.files.refusal import shortened

PAGE_SIZE = 200
LISTED_PAGES = 100
"""At most. A server that gives the same pages again and again is left before."""
MOST_LETTERS = 1000
"""Of what Kaggle says, which may be a whole page."""


class _AsItCame:
    """A type of replies for the client, which parses nothing."""

    @staticmethod
    def prepare_from(response: Any) -> dict[str, Any]:
        reply = response.json()
        if not isinstance(reply, dict):
            raise ValueError(f"the reply is not an object: {str(reply)[:100]}")
        return reply


Room = Literal["competitions", "datasets", "kernels", "blobs"]
SERVICES = {"competitions": "Competition", "datasets": "Dataset", "kernels": "Kernels", "blobs": "Blob"}
"""By the rooms of Kaggle's API: the names of their services."""


def ask(api: Any, method: str, room: Room = "competitions", **fields: Any) -> dict[str, Any]:
    types = import_module(f"kagglesdk.{room}.types.{SERVICES[room].lower()}_api_service")
    request = getattr(types, f"Api{method}Request")()
    for name, value in fields.items():
        setattr(request, name, value)
    with api.build_kaggle_client() as client:
        return client.http_client().call(f"{room}.{SERVICES[room]}ApiService", method, request, _AsItCame)


def user(api: Any) -> str:
    return str(api.config_values.get(api.CONFIG_NAME_USER) or "")


def files(api: Any, competition: str, pages: int) -> dict[str, int]:
    """Sizes in bytes by name, of at most `pages` pages of files."""
    return sizes(of_pages(api, "ListDataFiles", "files", pages=pages, competition_name=competition))


def sizes(files: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    return {str(file.get("name")): number(file.get("totalBytes")) for file in files}


def of_pages(
    api: Any, method: str, key: str, room: Room = "competitions", pages: int = LISTED_PAGES, **which: Any
) -> Iterator[dict[str, Any]]:
    """What a call lists under `key`, page by page, at most so many."""
    token = ""
    for _ in range(pages):
        reply = ask(api, method, room, page_token=token, page_size=PAGE_SIZE, **which)
        yield from reply.get(key) or []
        before, token = token, reply.get("nextPageToken") or ""
        if token in ("", before):
            break


def download(api: Any, competition: str, folder: str) -> None:
    api.competition_download_files(competition, path=folder, force=True, quiet=False)


class UploadFailed(Exception):
    """Kaggle did not take what was sent, so no submission was made."""


def upload(api: Any, competition: str, path: str) -> str:
    """Send the csv, which is no submission yet: the token by which `create` makes it one."""
    named = Path(path).name
    return sent(api, path, "StartSubmissionUpload", "competitions", competition_name=competition, file_name=named)


def sent(api: Any, path: str, method: str, room: Room, tries: int = 1, **facts: Any) -> str:
    """Send a file as the call `method` says: its token. tries: each goes on where the one before was cut off."""
    from kaggle.api.kaggle_api_extended import ResumableUploadResult

    about = Path(path).stat()
    facts |= {"content_length": about.st_size, "last_modified_epoch_seconds": int(about.st_mtime)}
    upload = ask(api, method, room, **facts)
    for done in range(tries):
        result = api.upload_complete(path, upload["createUrl"], tries > 1, resume=done > 0)
        if result == ResumableUploadResult.COMPLETE:
            return upload["token"]
        if result == ResumableUploadResult.FAILED:
            break
    # The client prints the reason, and returns none.
    raise UploadFailed(f"{Path(path).name} did not arrive at Kaggle's storage")


def create(api: Any, competition: str, token: str, message: str) -> dict[str, Any]:
    """The one call that counts."""
    reply = ask(
        api, "CreateSubmission", competition_name=competition, blob_file_tokens=token, submission_description=message
    )
    return {"ref": number(reply.get("ref")), "message": text(reply.get("message"))}


def submissions(api: Any, competition: str) -> list[dict[str, Any]]:
    """All of them, newest first."""
    found: dict[Any, dict[str, Any]] = {}
    token = ""
    for page in range(1, LISTED_PAGES + 1):
        which: dict[str, Any] = {"page_token": token} if token else {"page": page}
        reply = ask(api, "ListSubmissions", competition_name=competition, page_size=PAGE_SIZE, **which)
        listed = [_shown(entry) for entry in reply.get("submissions") or [] if isinstance(entry, dict)]
        known = len(found)
        found = {entry["ref"] or json.dumps(entry): entry for entry in listed} | found
        token = reply.get("nextPageToken") or ""
        # A server may give fewer per page than it is asked for; one that ignores page numbers repeats its first page.
        if len(found) == known:
            break
    return sorted(found.values(), key=lambda entry: -entry["ref"])


def submission(api: Any, ref: int) -> dict[str, Any]:
    return _shown(ask(api, "GetSubmission", ref=ref))


def limits(api: Any, competition: str) -> dict[str, Any]:
    reply = ask(api, "GetSubmissionLimits", competition_name=competition)
    numbers = {"today": "numToday", "total": "numTotal", "allowed_now": "numAllowedNow"}
    return {name: number(reply.get(key)) for name, key in numbers.items()} | {
        "limited_by_total": bool(reply.get("limitedByTotal"))
    }


def competitions(api: Any, search: str) -> list[str]:
    reply = api.competitions_list(search=search)
    return [entry.ref.rstrip("/").rsplit("/", 1)[-1] for entry in reply.competitions]


STATUSES = {"COMPLETE": "complete", "ERROR": "error", "0": "pending", "1": "complete", "2": "error"}
"""By the name's last word, or by its number in the client's protocol; every other one is not final."""


def _shown(entry: dict[str, Any]) -> dict[str, Any]:
    """The fields of `foldline.kaggle.client.RemoteSubmission`. Default values are left out of a reply."""
    words = str(entry.get("status") or "PENDING")
    return {
        "ref": number(entry.get("ref")),
        "description": str(entry.get("description") or ""),
        "status": STATUSES.get(words.upper().replace(".", "_").rpartition("_")[2], "pending"),
        "words": words,
        "bytes": number(entry.get("totalBytes")),
        "public_score": text(entry.get("publicScore")),
        "private_score": text(entry.get("privateScore")),
        "error": text(entry.get("errorDescription")),
    }


def number(value: Any) -> int:
    """0 for what is none: Kaggle leaves zeros out, and one strange field must not hide the others."""
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return 0


def text(value: Any) -> str:
    """A score of 0 is one, whether it comes as a text or as a number."""
    return "" if value is None else shortened(str(value), MOST_LETTERS)
