"""The unmodified `kaggle` client in a process of its own: a json request per line in, a json reply per line out.

Apart from the stage, because the client has no timeouts (a stalled call is ended by ending this process), reads every
KAGGLE_* variable, may go to the network when it is imported, and prints to standard output. It ends at once when the
stage is gone, whatever it does then: nobody would hear its answer.

Replies are read as they come: the client's own classes raise for a status or a date that they do not know.
"""

import contextlib
import io
import json
import os
import queue
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

from foldline.files.redaction import redacted, secrets_of

PAGE_SIZE = 200
LISTED_PAGES = 100
"""Of submissions. A server that gives the same pages again and again is left before."""
BAD_REQUEST = 400


class _AsItCame:
    """A type of replies for the client, which parses nothing."""

    @staticmethod
    def prepare_from(response: Any) -> dict[str, Any]:
        reply = response.json()
        if not isinstance(reply, dict):
            raise ValueError(f"the reply is no object: {str(reply)[:100]}")
        return reply


def _ask(api: Any, method: str, **fields: Any) -> dict[str, Any]:
    from kagglesdk.competitions.types import competition_api_service as types

    request = getattr(types, f"Api{method}Request")()
    for name, value in fields.items():
        setattr(request, name, value)
    with api.build_kaggle_client() as client:
        return client.http_client().call("competitions.CompetitionApiService", method, request, _AsItCame)


def user(api: Any) -> str:
    return str(api.config_values.get(api.CONFIG_NAME_USER) or "")


def files(api: Any, competition: str, pages: int) -> dict[str, int]:
    """Sizes in bytes by name, of at most `pages` pages of files."""
    found: dict[str, int] = {}
    token = ""
    for _ in range(pages):
        reply = _ask(api, "ListDataFiles", competition_name=competition, page_token=token, page_size=PAGE_SIZE)
        found |= {str(file.get("name")): _number(file.get("totalBytes")) for file in reply.get("files") or []}
        token = reply.get("nextPageToken") or ""
        if not token:
            break
    return found


def download(api: Any, competition: str, folder: str) -> None:
    api.competition_download_files(competition, path=folder, force=True, quiet=False)


class UploadFailed(Exception):
    """The file did not arrive, so no submission was made."""


def upload(api: Any, competition: str, path: str) -> dict[str, str]:
    """Send the file, which is no submission yet: the token by which `create` makes it one."""
    from kaggle.api.kaggle_api_extended import ResumableUploadResult

    about = Path(path).stat()
    upload = _ask(
        api,
        "StartSubmissionUpload",
        competition_name=competition,
        file_name=Path(path).name,
        content_length=about.st_size,
        last_modified_epoch_seconds=int(about.st_mtime),
    )
    if api.upload_complete(path, upload["createUrl"], False) != ResumableUploadResult.COMPLETE:
        # The client prints the reason, and returns none.
        raise UploadFailed("it did not arrive at Kaggle's storage")
    return {"token": upload["token"]}


def create(api: Any, competition: str, token: str, message: str) -> dict[str, Any]:
    """The one call that counts."""
    reply = _ask(
        api, "CreateSubmission", competition_name=competition, blob_file_tokens=token, submission_description=message
    )
    return {"ref": _number(reply.get("ref")), "message": str(reply.get("message") or "")}


def submissions(api: Any, competition: str) -> list[dict[str, Any]]:
    """All of them, newest first."""
    found: dict[Any, dict[str, Any]] = {}
    token = ""
    for page in range(1, LISTED_PAGES + 1):
        which = {"page_token": token} if token else {"page": page}
        reply = _ask(api, "ListSubmissions", competition_name=competition, page_size=PAGE_SIZE, **which)
        listed = [_shown(entry) for entry in reply.get("submissions") or [] if isinstance(entry, dict)]
        known = len(found)
        found = {entry["ref"] or json.dumps(entry): entry for entry in listed} | found
        token = reply.get("nextPageToken") or ""
        # A server may give fewer per page than it is asked for; one that ignores page numbers repeats its first page.
        if len(found) == known:
            break
    return sorted(found.values(), key=lambda entry: -entry["ref"])


def submission(api: Any, ref: int) -> dict[str, Any]:
    return _shown(_ask(api, "GetSubmission", ref=ref))


def limits(api: Any, competition: str) -> dict[str, Any]:
    reply = _ask(api, "GetSubmissionLimits", competition_name=competition)
    numbers = {"today": "numToday", "total": "numTotal", "allowed_now": "numAllowedNow"}
    return {name: _number(reply.get(key)) for name, key in numbers.items()} | {
        "limited_by_total": bool(reply.get("limitedByTotal"))
    }


def competitions(api: Any, search: str) -> list[str]:
    reply = api.competitions_list(search=search)
    return [entry.ref.rstrip("/").rsplit("/", 1)[-1] for entry in reply.competitions]


CALLS: dict[str, Callable[..., Any]] = {
    call.__name__: call
    for call in (user, files, download, upload, create, submissions, submission, limits, competitions)
}
STATUSES = {"COMPLETE": "complete", "ERROR": "error", "0": "pending", "1": "complete", "2": "error"}
"""By the name's last word, or by its number in the client's protocol; every other one is not final."""


def _shown(entry: dict[str, Any]) -> dict[str, Any]:
    """The fields of `foldline.kaggle.client.RemoteSubmission`. Default values are left out of a reply."""
    words = str(entry.get("status") or "PENDING")
    return {
        "ref": _number(entry.get("ref")),
        "description": str(entry.get("description") or ""),
        "status": STATUSES.get(words.upper().replace(".", "_").rpartition("_")[2], "pending"),
        "words": words,
        "bytes": _number(entry.get("totalBytes")),
        "public_score": _text(entry.get("publicScore")),
        "private_score": _text(entry.get("privateScore")),
        "error": str(entry.get("errorDescription") or ""),
    }


def _number(value: Any) -> int:
    """0 for what is none: Kaggle leaves zeros out, and one strange field must not hide the others."""
    try:
        return int(value)
    except (TypeError, ValueError):
        return 0


def _text(value: Any) -> str:
    """A score of 0 is one, whether it comes as a text or as a number."""
    return "" if value is None else str(value)


def _signed_in() -> Any:
    """The client's API object. A token is verified over the network. Raises SystemExit without credentials."""
    # The client prints a page of help; we say one sentence instead.
    with contextlib.redirect_stdout(io.StringIO()):
        # Importing signs in, or fails silently; authenticating again tells which.
        from kaggle import api

        api.authenticate()
    return api


def _failure(error: BaseException) -> dict[str, Any]:
    """The fields of `foldline.kaggle.client.CallFailed`."""
    import requests

    if isinstance(error, SystemExit):
        return {"kind": "credentials", "message": "no credentials"}
    if isinstance(error, requests.HTTPError) and error.response is not None:
        # Kaggle's own calls are all of one method; files lie elsewhere, and its links are tokens of their own.
        kind = "http" if error.response.request.method == "POST" else "storage"
        retry_after = error.response.headers.get("Retry-After", "")
        return {"kind": kind, "message": str(error), "status": _status(error.response), "retry_after": retry_after}
    if isinstance(error, UploadFailed):
        return {"kind": "upload", "message": str(error)}
    is_network = isinstance(error, requests.ConnectionError | requests.Timeout)
    kind = "network" if is_network else "other"
    return {"kind": kind, "message": f"{type(error).__name__}: {error}", "was_sent": not _is_unsent(error)}


def _is_unsent(error: BaseException) -> bool:
    """Whether the request never left: there was no connection."""
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

    inner = [value for value in (*error.args, getattr(error, "reason", None), getattr(error, "original_error", None))]
    return isinstance(error, NewConnectionError | ConnectTimeoutError) or any(
        _is_unsent(value) for value in inner if isinstance(value, BaseException) and value is not error
    )


def _status(response: Any) -> int:
    """Of an error; Kaggle may send its code in the body of a 200."""
    if response.status_code >= BAD_REQUEST:
        return response.status_code
    return int(response.json()["code"])


def serve(requests: Iterable[str], replies: TextIO) -> None:
    """Answer each line of `requests`: {"call": ..., "fields": {...}} by {"value": ...} or {"failure": {...}}."""
    api: Any = None
    hidden = secrets_of(os.environ)
    for line in requests:
        request = json.loads(line)
        try:
            if api is None:
                api = _signed_in()
            reply = {"value": CALLS[request["call"]](api, **request["fields"])}
        except (Exception, SystemExit) as error:
            failure = _failure(error)
            reply = {"failure": failure | {"message": redacted(failure["message"], hidden)}}
        replies.write(json.dumps(reply) + "\n")
        replies.flush()


def until_the_parent_is_gone(questions: Iterable[str]) -> Iterator[str]:
    """The lines of `questions`; when they end, so does this process, even in the middle of a call."""
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        for line in questions:
            waiting.put(line)
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    while True:
        yield waiting.get()


class _Redacting:
    """A stream of text that shows no secrets: the client prints its errors, and Python its tracebacks."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._hidden = stream, secrets_of(os.environ)

    def write(self, text: str) -> int:
        return self._stream.write(redacted(text, self._hidden))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


if __name__ == "__main__":
    channel_in, channel_out = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    # What the client prints is for a person: standard output is the channel of the replies. And it leaves by exit(),
    # which closes standard input: without a token, the next look for a question would fail.
    os.dup2(2, 1)
    sys.stdout, sys.stderr = _Redacting(sys.stdout), _Redacting(sys.stderr)  # type: ignore[assignment]
    serve(until_the_parent_is_gone(channel_in), channel_out)
