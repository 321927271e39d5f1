"""The calls of Kaggle's API that the local Kaggle answers, each as a method name and a function of the request's json.

Names and fields are those of kagglesdk 0.1.37: camelCase, default values left out, scores as text.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aiohttp import web

from foldline.local_kaggle.evaluation import evaluate
from foldline.local_kaggle.hosted_competition import Competition, Submission
from foldline.local_kaggle.sessions import Sessions

DEFAULT_PAGE_SIZE = 20
MOST_PER_PAGE = 200


@dataclass
class Upload:
    file_name: str
    bytes: int
    """As the client announced."""
    content: bytearray = field(default_factory=bytearray)


@dataclass(frozen=True)
class Served:
    competitions: dict[str, Competition]
    memory: Path
    sessions: Sessions = field(default_factory=Sessions)
    uploads: dict[str, Upload] = field(default_factory=dict)


SERVED = web.AppKey("served", Served)


@dataclass(frozen=True)
class Call:
    """One request, with what is needed to answer it."""

    served: Served
    fields: dict[str, Any]
    user: str
    origin: str
    """Scheme and host as the client sees them; links in answers begin with it."""

    @property
    def competition(self) -> Competition:
        return self.served.competitions[self.fields["competitionName"]]

    @property
    def mine(self) -> list[Submission]:
        return [submission for submission in self.competition.submissions.all() if submission.user == self.user]

    def page(self, entries: list[Any]) -> tuple[list[Any], str]:
        """The entries of the page asked for, and the next page's token."""
        size = min(self.fields.get("pageSize") or DEFAULT_PAGE_SIZE, MOST_PER_PAGE)
        number = max(self.fields.get("page") or 1, 1) - 1
        start = int(self.fields.get("pageToken") or number * size)
        token = str(start + size) if start + size < len(entries) else ""
        return entries[start : start + size], token

    def link(self, path: Path) -> str:
        """To a file below the memory."""
        return f"{self.origin}/stored/{quote(path.relative_to(self.served.memory).as_posix())}"


Method = Callable[[Call], web.Response]


def refused(status: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response({"code": status, "message": message}, status=status, headers=headers)


FAR_FUTURE = "2100-01-01T00:00:00.000Z"
FILES_DATE = "2026-01-01T00:00:00.000Z"


def _list_competitions(call: Call) -> web.Response:
    search = call.fields.get("search", "").lower()
    found = [
        {
            "id": number,
            "ref": f"https://www.kaggle.com/competitions/{slug}",
            "title": competition.description.title,
            "category": "Local",
            "reward": "Kudos",
            "deadline": FAR_FUTURE,
            "teamCount": len(competition.leaderboard()),
            "userHasEntered": True,
        }
        for number, (slug, competition) in enumerate(sorted(call.served.competitions.items()), 1)
        if search in slug or search in competition.description.title.lower()
    ]
    page, token = call.page(found)
    return web.json_response({"competitions": page, "nextPageToken": token})


def _list_data_files(call: Call) -> web.Response:
    return listing(call, "files", call.competition.files)


def listing(call: Call, key: str, sizes: Mapping[str, int]) -> web.Response:
    """Of files, by their names their bytes."""
    files = [{"name": name, "totalBytes": size, "creationDate": FILES_DATE} for name, size in sizes.items()]
    page, token = call.page(files)
    return web.json_response({key: page, "nextPageToken": token})


def _download_data_file(call: Call) -> web.Response:
    name = call.fields["fileName"]
    if name not in call.competition.files:
        return refused(404, f"File '{name}' not found")
    return _redirect(call, f"member/{name}")


def _redirect(call: Call, blob: str) -> web.Response:
    # The client names the file after the address it is redirected to; without a redirect it gets the call's name.
    location = f"{call.origin}/blob/{call.competition.slug}/{blob}?sig={secrets.token_hex(8)}"
    return web.Response(status=302, headers={"Location": location})


def _start_submission_upload(call: Call) -> web.Response:
    return new_upload(call, call.fields.get("fileName") or "submission.csv", call.fields.get("contentLength", 0))


def new_upload(call: Call, name: str, size: int) -> web.Response:
    token = secrets.token_hex(16)
    call.served.uploads[token] = Upload(name, size)
    return web.json_response({"token": token, "createUrl": f"{call.origin}/upload/{token}"})


def _create_submission(call: Call) -> web.Response:
    upload = call.served.uploads.pop(call.fields.get("blobFileTokens", ""), None)
    if upload is None:
        return refused(400, "The upload's token is not known")
    if left_today(call) <= 0:
        return refused(400, "You have reached your daily submission limit")
    content = upload.content.decode("utf-8", errors="replace")
    evaluation = evaluate(content, call.competition.solution, call.competition.description.metric)
    description = call.fields.get("submissionDescription", "")
    added = call.competition.submissions.add(call.user, upload.file_name, description, len(upload.content), evaluation)
    message = f"Successfully submitted to {call.competition.description.title}"
    return web.json_response({"message": message, "ref": added.ref})


def left_today(call: Call) -> int:
    return max(
        call.competition.description.submissions_per_day - call.competition.submissions.counted_today(call.user), 0
    )


def _get_submission_limits(call: Call) -> web.Response:
    left = left_today(call)
    today = call.competition.description.submissions_per_day - left
    return web.json_response({"numToday": today, "numTotal": max(len(call.mine), today), "numAllowedNow": left})


def _list_submissions(call: Call) -> web.Response:
    page, token = call.page(call.mine)
    return web.json_response(
        {"submissions": [_shown(submission, call.competition) for submission in page], "nextPageToken": token}
    )


def _get_submission(call: Call) -> web.Response:
    for competition in call.served.competitions.values():
        for submission in competition.submissions.all():
            if submission.ref == call.fields["ref"]:
                return web.json_response(_shown(submission, competition))
    return refused(404, f"Submission {call.fields['ref']} not found")


def _shown(submission: Submission, competition: Competition) -> dict[str, Any]:
    closed = competition.description.state == "closed"
    return {
        "ref": submission.ref,
        "fileName": submission.file_name,
        "date": submission.date,
        "description": submission.description,
        "totalBytes": submission.bytes,
        "status": submission.status,
        "publicScore": submission.public_score,
        "privateScore": submission.private_score if closed else "",
        "errorDescription": submission.error,
    }


def _get_leaderboard(call: Call) -> web.Response:
    page, token = call.page(call.competition.leaderboard())
    return web.json_response({"submissions": page, "nextPageToken": token})


def _introspect_token(call: Call) -> web.Response:
    return web.json_response({"active": True, "username": call.user})


METHODS: dict[str, Method] = {
    "ListCompetitions": _list_competitions,
    "ListDataFiles": _list_data_files,
    "DownloadDataFile": _download_data_file,
    "DownloadDataFiles": partial(_redirect, blob="archive/archive.zip"),
    "StartSubmissionUpload": _start_submission_upload,
    "CreateSubmission": _create_submission,
    "GetSubmissionLimits": _get_submission_limits,
    "ListSubmissions": _list_submissions,
    "GetSubmission": _get_submission,
    "GetLeaderboard": _get_leaderboard,
    "DownloadLeaderboard": partial(_redirect, blob="leaderboard/leaderboard.zip"),
    "IntrospectToken": _introspect_token,
}
