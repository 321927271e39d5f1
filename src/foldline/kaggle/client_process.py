"""The unmodified `kaggle` client in a process of its own: a json request per line in, a json reply per line out.

Apart from the stage, because the client has no timeouts (a stalled call is ended by ending this process), reads every
KAGGLE_* variable, may go to the network when it is imported, and prints to standard output.
"""

import contextlib
import io
import json
import os
from collections.abc import Callable
from typing import Any, TextIO

PAGE_SIZE = 200
BAD_REQUEST = 400


def files(api: Any, competition: str, pages: int) -> dict[str, int]:
    """Sizes in bytes by name, of at most `pages` pages of files."""
    found: dict[str, int] = {}
    token = None
    for _ in range(pages):
        reply = api.competition_list_files(competition, page_token=token, page_size=PAGE_SIZE)
        found |= {file.name: file.total_bytes for file in reply.files}
        token = reply.next_page_token
        if not token:
            break
    return found


def download(api: Any, competition: str, folder: str) -> None:
    api.competition_download_files(competition, path=folder, force=True, quiet=False)


class UploadFailed(Exception):
    """The file did not arrive, so no submission was made."""


def submit(api: Any, competition: str, path: str, message: str) -> dict[str, Any]:
    reply = api.competition_submit(path, message, competition, quiet=False)
    if reply.message == api.COMPETITION_SUBMIT_UPLOAD_FAILED_MESSAGE or not reply.ref:
        # The client says no more than this, and calls it a success.
        raise UploadFailed(reply.message or "no reference was returned")
    return {"ref": reply.ref, "message": reply.message}


def submissions(api: Any, competition: str) -> list[dict[str, Any]]:
    """All of them, newest first."""
    found: list[dict[str, Any]] = []
    page = 1
    while listed := api.competition_submissions(competition, page_number=page, page_size=PAGE_SIZE):
        new = [_shown(entry) for entry in listed if entry.ref not in {known["ref"] for known in found}]
        found += new
        page += 1
        # A server that ignores page numbers repeats its first page.
        if len(listed) < PAGE_SIZE or not new:
            break
    return found


def submission(api: Any, ref: int) -> dict[str, Any]:
    from kagglesdk.competitions.types.competition_api_service import ApiGetSubmissionRequest

    request = ApiGetSubmissionRequest()
    request.ref = ref
    with api.build_kaggle_client() as client:
        return _shown(client.competitions.competition_api_client.get_submission(request))


def limits(api: Any, competition: str) -> dict[str, int]:
    reply = api.competition_get_submission_limits(competition)
    return {"today": reply.num_today, "total": reply.num_total, "allowed_now": reply.num_allowed_now}


def competitions(api: Any, search: str) -> list[str]:
    reply = api.competitions_list(search=search)
    return [entry.ref.rstrip("/").rsplit("/", 1)[-1] for entry in reply.competitions]


CALLS: dict[str, Callable[..., Any]] = {
    call.__name__: call for call in (files, download, submit, submissions, submission, limits, competitions)
}


def _shown(entry: Any) -> dict[str, Any]:
    return {
        "ref": entry.ref,
        "description": entry.description or "",
        "status": entry.status.name.lower(),
        "public_score": entry.public_score or "",
        "private_score": entry.private_score or "",
        "error": entry.error_description or "",
    }


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
        retry_after = error.response.headers.get("Retry-After", "")
        return {"kind": "http", "message": str(error), "status": _status(error.response), "retry_after": retry_after}
    if isinstance(error, UploadFailed):
        return {"kind": "upload", "message": str(error)}
    is_network = isinstance(error, requests.ConnectionError | requests.Timeout)
    return {"kind": "network" if is_network else "other", "message": f"{type(error).__name__}: {error}"}


def _status(response: Any) -> int:
    """Of an error; Kaggle may send its code in the body of a 200."""
    if response.status_code >= BAD_REQUEST:
        return response.status_code
    return int(response.json()["code"])


def serve(requests: TextIO, replies: TextIO) -> None:
    """Answer each line of `requests`: {"call": ..., "fields": {...}} by {"value": ...} or {"failure": {...}}."""
    api: Any = None
    for line in requests:
        request = json.loads(line)
        try:
            if api is None:
                api = _signed_in()
            reply = {"value": CALLS[request["call"]](api, **request["fields"])}
        except (Exception, SystemExit) as error:
            reply = {"failure": _failure(error)}
        replies.write(json.dumps(reply) + "\n")
        replies.flush()


if __name__ == "__main__":
    questions, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    # What the client prints is for a person: standard output is the channel of the replies. And it leaves by exit(),
    # which closes standard input: without a token, the next look for a question would fail.
    os.dup2(2, 1)
    serve(questions, answers)
