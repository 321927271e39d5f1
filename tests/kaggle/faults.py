"""The local Kaggle, doing what the real one sometimes does wrong."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from foldline.local_kaggle.calls import METHODS, SERVED, Call, refused
from foldline.local_kaggle.hosted_competition import Submission
from foldline.local_kaggle.server import LocalKaggle

TRUNCATED_BYTES = 64
NEED_RULES = {"DownloadDataFile", "DownloadDataFiles", "StartSubmissionUpload", "CreateSubmission"}
LOOKS = {"ListSubmissions", "GetSubmission"}


@dataclass
class Faults:
    """All off; a test switches them on while the server runs."""

    wrong_token: bool = False
    rules_not_accepted: bool = False
    too_many_requests: int = 0
    """How many of the next calls are answered with 429."""
    stalled: bool = False
    """Calls are never answered."""
    failed_upload: bool = False
    lost_reply_seconds: float = 0.0
    """CreateSubmission counts, and its answer comes so late that nobody waits for it."""
    held: str = ""
    """`before METHOD` or `after METHOD` (or PUT): whoever calls it gets no answer, ever."""
    creates_later: bool = False
    """CreateSubmission is done when `create_now` is called, whoever may have gone by then."""
    lost_bytes: int = 0
    """So many bytes at a file's end are lost, and its arrival is confirmed."""
    answer_to_create: tuple[int, dict[str, Any]] | None = None
    """Status and body, instead of the truth."""
    is_create_counted: bool = True
    """Whether Kaggle does what it is asked before it answers so."""
    refused_connection: bool = False
    """CreateSubmission is cut off without an answer."""
    hidden_submissions: int = 0
    """So many of the newest are not listed yet, nor found by their number."""
    hidden_counts: int = 0
    """So many are not counted yet."""
    change_listed: Callable[[dict[str, Any]], dict[str, Any]] = lambda shown: shown
    """Of each listed submission."""
    no_page_tokens: bool = False
    no_limits: bool = False
    no_files_listed: bool = False
    refused_blob: int = 0
    """The status with which storage answers a link."""
    no_submissions_left: bool = False
    pending_looks: int = 0
    """How many of the next looks at submissions still find them pending."""
    cut_downloads: int = 0
    """How many of the next downloads are cut in the middle."""
    truncated_archive: bool = False
    """The archive is whole as far as HTTP can tell, but its last bytes are missing."""


class FaultyKaggle(LocalKaggle):
    def __init__(self, folders: Mapping[str, Path], memory: Path) -> None:
        super().__init__(folders, memory, middlewares=(self._misbehave,))
        self.faults = Faults()
        self.sends, self.creates, self.held = 0, 0, 0
        """Files that arrived; submissions that were made; calls that got no answer."""
        self._later: list[Call] = []

    @web.middleware
    async def _misbehave(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method == "PUT":
            return await self._receive_badly(request, handler)
        if request.method == "GET" and self.faults.refused_blob:
            return web.Response(status=self.faults.refused_blob, text="<Error>SignatureDoesNotMatch</Error>")
        if request.method == "GET" and (self.faults.truncated_archive or self.faults.cut_downloads > 0):
            return await self._send_badly(request)
        if request.method == "POST":
            return await self._answer_badly(request, handler)
        return await handler(request)

    async def _receive_badly(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if self.faults.failed_upload:
            return web.Response(status=403, text="expired")
        reply = await handler(request)
        upload = request.app[SERVED].uploads[request.match_info["token"]]
        upload.content = upload.content[: len(upload.content) - self.faults.lost_bytes]
        self.sends += 1
        await self._hold("after PUT")
        return reply

    async def _hold(self, place: str) -> None:
        if self.faults.held == place:
            self.held += 1
            await asyncio.Event().wait()

    async def _answer_badly(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        method = request.match_info["method"]
        if self.faults.stalled:
            await asyncio.Event().wait()
        if self.faults.too_many_requests > 0:
            self.faults.too_many_requests -= 1
            return refused(429, "Too many requests", {"Retry-After": "1"})
        if self.faults.wrong_token:
            return refused(401, "Unauthenticated")
        if self.faults.rules_not_accepted and method in NEED_RULES:
            return refused(403, "You must accept this competition's rules before you'll be able to download files.")
        await self._hold(f"before {method}")
        if method == "CreateSubmission":
            return await self._create_badly(request, handler)
        if method == "GetSubmissionLimits":
            return await self._count_badly(request, handler)
        if method == "ListDataFiles" and self.faults.no_files_listed:
            return web.json_response({"files": [], "nextPageToken": ""})
        return await self._list_badly(method, request, handler)

    def create_now(self) -> None:
        """Do what was asked for before."""
        for call in self._later:
            METHODS["CreateSubmission"](call)
            self.creates += 1
        self._later = []

    async def _create_badly(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if self.faults.creates_later:
            self._later.append(Call(request.app[SERVED], await request.json(), "local", ""))
            self.held += 1
            await asyncio.Event().wait()
        reply = await handler(request) if self.faults.is_create_counted else None
        self.creates += reply is not None
        await self._hold("after CreateSubmission")
        if self.faults.refused_connection:
            assert request.transport is not None
            request.transport.abort()
        if self.faults.lost_reply_seconds:
            await asyncio.sleep(self.faults.lost_reply_seconds)
        if self.faults.answer_to_create is not None:
            status, body = self.faults.answer_to_create
            return web.json_response(body, status=status)
        return reply or refused(500, "oops")

    async def _count_badly(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if self.faults.no_submissions_left:
            return web.json_response({"numToday": 5, "numTotal": 5, "numAllowedNow": 0})
        if self.faults.no_limits:
            return refused(404, "no such method")
        counted = json.loads(await _text(request, handler))
        fewer = {key: counted[key] - self.faults.hidden_counts for key in ("numToday", "numTotal")}
        return web.json_response(counted | fewer)

    async def _list_badly(self, method: str, request: web.Request, handler: Handler) -> web.StreamResponse:
        reply = await handler(request)
        if method not in LOOKS or not isinstance(reply, web.Response) or reply.status != 200:
            return reply
        shown = json.loads(reply.text or "")
        if self.faults.pending_looks > 0:
            self.faults.pending_looks -= 1
            shown = _pending(shown)
        hidden = {one.ref for one in self.submissions()[: self.faults.hidden_submissions]}
        if "submissions" not in shown:
            return refused(404, "not found") if shown["ref"] in hidden else web.json_response(shown)
        if self.faults.no_page_tokens:
            shown |= {"nextPageToken": ""}
        listed = [self.faults.change_listed(one) for one in shown["submissions"] if one["ref"] not in hidden]
        return web.json_response(shown | {"submissions": listed})

    def submissions(self) -> list[Submission]:
        """All submissions, newest first."""
        return [one for competition in self.competitions.values() for one in competition.submissions.all()]

    async def _send_badly(self, request: web.Request) -> web.StreamResponse:
        """Without its last bytes, as if it ended there; or cut in the middle."""
        archive = self.competitions[request.match_info["slug"]].archive
        content, is_cut = archive.read_bytes(), not self.faults.truncated_archive
        response = web.StreamResponse(headers={"Accept-Ranges": "bytes"})
        response.last_modified = archive.stat().st_mtime
        response.content_length = len(content) - (0 if is_cut else TRUNCATED_BYTES)
        await response.prepare(request)
        await response.write(content[: len(content) // 2 if is_cut else -TRUNCATED_BYTES])
        if is_cut:
            self.faults.cut_downloads -= 1
            assert request.transport is not None
            request.transport.abort()
        return response


def _pending(shown: dict[str, Any]) -> dict[str, Any]:
    if "submissions" in shown:
        return shown | {"submissions": [_pending(submission) for submission in shown["submissions"]]}
    return shown | {"status": "PENDING", "publicScore": "", "privateScore": "", "errorDescription": ""}


async def _text(request: web.Request, handler: Handler) -> str:
    reply = await handler(request)
    assert isinstance(reply, web.Response)
    return reply.text or ""
