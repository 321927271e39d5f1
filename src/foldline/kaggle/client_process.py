"""The unmodified `kaggle` client in a process of its own: a json request per line in, a json reply per line out.

Apart from the stage, because the client has no timeouts (a stalled call is ended by ending this process), reads every
KAGGLE_* variable, may go to the network when it is imported, and prints to standard output.
"""

import contextlib
import io
import json
import os
import sys
from collections.abc import Iterable
from typing import Any, TextIO

from foldline.files.redaction import redacted, secrets_of
from foldline.kaggle import client_calls, notebook_calls
from foldline.kaggle.client_calls import UploadFailed, text

BAD_REQUEST = 400
CALLS = vars(client_calls) | vars(notebook_calls)


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
    # An answer that cannot be read, such as a page instead of JSON, is of whatever lies between.
    kind = "network" if isinstance(error, requests.RequestException) else "other"
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
            reply = {"failure": failure | {"message": text(redacted(failure["message"], hidden))}}
        replies.write(json.dumps(reply, ensure_ascii=False) + "\n")
        replies.flush()


class _Redacting:
    """A stream of text that shows no secrets: the client prints its errors, and Python its tracebacks."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._hidden = stream, secrets_of(os.environ)

    def write(self, text: str) -> int:
        return self._stream.write(redacted(text, self._hidden))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


if __name__ == "__main__":
    # Halves of letters, which JSON may hold, are written by no file.
    channel_in, channel_out = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w", encoding="utf-8", errors="replace")
    # What the client prints is for a person: standard output is the channel of the replies. And it leaves by exit(),
    # which closes standard input: without a token, the next look for a question would fail.
    os.dup2(2, 1)
    sys.stdout, sys.stderr = _Redacting(sys.stdout), _Redacting(sys.stderr)  # type: ignore[assignment]
    serve(channel_in, channel_out)
