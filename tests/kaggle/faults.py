"""The local Kaggle, doing what the real one sometimes does wrong."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from foldline.local_kaggle.calls import refused
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

    @web.middleware
    async def _misbehave(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method == "PUT" and self.faults.failed_upload:
            return web.Response(status=403, text="expired")
        if request.method == "GET" and (self.faults.truncated_archive or self.faults.cut_downloads > 0):
            return await self._send_badly(request)
        if request.method == "POST":
            return await self._answer_badly(request, handler)
        return await handler(request)

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
        if self.faults.no_submissions_left and method == "GetSubmissionLimits":
            return web.json_response({"numToday": 5, "numTotal": 5, "numAllowedNow": 0})
        reply = await handler(request)
        if method == "CreateSubmission" and self.faults.lost_reply_seconds:
            await asyncio.sleep(self.faults.lost_reply_seconds)
        if method in LOOKS and self.faults.pending_looks > 0 and isinstance(reply, web.Response):
            self.faults.pending_looks -= 1
            return web.json_response(_pending(json.loads(reply.text or "")))
        return reply

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
