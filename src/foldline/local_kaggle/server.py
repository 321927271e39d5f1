"""The embedded local Kaggle: speaks to the unmodified `kaggle` client, on the loopback device only."""

import asyncio
import base64
import csv
import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from aiohttp import web

from foldline.local_kaggle.calls import METHODS, NEED_RULES, SERVED, Call, Faults, Served, refused
from foldline.local_kaggle.competition import Competition, Submissions, read_competition, standings

HOST = "127.0.0.1"
UPLOAD_BYTES = 1 << 30


class LocalKaggle:
    """Serves `folders` (slug: folder, see competition.py) from a thread of its own, as a context manager.

    `memory` holds what outlasts the server: submissions, and archives of loose files.
    """

    def __init__(self, folders: Mapping[str, Path], memory: Path, port: int = 0, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        self.competitions: dict[str, Competition] = {
            slug: read_competition(folder, slug, memory / slug) for slug, folder in folders.items()
        }
        self.submissions = {slug: Submissions(memory, slug) for slug in folders}
        self.port = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="local-kaggle", daemon=True)
        self._runner: web.AppRunner | None = None

    def __enter__(self) -> "LocalKaggle":
        """Raises OSError when the port is taken."""
        self._thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self._start(), self._loop).result()
        except OSError:
            self._stop()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self._stop()

    def _stop(self) -> None:
        if self._runner is not None:
            asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _start(self) -> None:
        app = web.Application(client_max_size=UPLOAD_BYTES)
        app[SERVED] = Served(self.competitions, self.submissions, self.faults)
        # The client speaks to /v1 at api.kaggle.com and to /api/v1 at localhost.
        for prefix in ("/v1", "/api/v1"):
            app.router.add_post(prefix + "/{service}/{method}", answer)
        app.router.add_put("/upload/{token}", receive_upload)
        app.router.add_get("/blob/{slug}/{kind}/{name:.*}", send_blob)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, self.port).start()
        self.port = self._runner.addresses[0][1]


async def answer(request: web.Request) -> web.StreamResponse:
    """POST {prefix}/{service}/{method}."""
    served, method = request.app[SERVED], request.match_info["method"]
    faults = served.faults
    if faults.stalled:
        await asyncio.Event().wait()
    if faults.too_many_requests > 0:
        faults.too_many_requests -= 1
        return refused(429, "Too many requests", {"Retry-After": "1"})
    user = _user(request.headers.get("Authorization", ""))
    if faults.wrong_token or not user:
        return refused(401, "Unauthenticated")
    fields = await request.json() if request.can_read_body else {}
    call = Call(served, fields, user, f"{request.scheme}://{request.host}")
    if method not in METHODS:
        return refused(404, f"The local Kaggle does not know {request.match_info['service']}/{method}")
    if "competitionName" in fields and fields["competitionName"] not in served.competitions:
        return refused(404, f"Competition '{fields['competitionName']}' not found")
    if faults.rules_not_accepted and method in NEED_RULES:
        return refused(403, "You must accept this competition's rules before you'll be able to download files.")
    reply = METHODS[method](call)
    if method == "CreateSubmission" and faults.lost_reply_seconds:
        await asyncio.sleep(faults.lost_reply_seconds)
    return reply


async def receive_upload(request: web.Request) -> web.StreamResponse:
    served = request.app[SERVED]
    upload = served.uploads.get(request.match_info["token"])
    if upload is None or served.faults.failed_upload:
        return web.Response(status=403, text="expired")
    upload.content = await request.read()
    return web.Response(status=201)


def _user(authorization: str) -> str:
    kind, _, secret = authorization.partition(" ")
    if kind == "Basic":
        return base64.b64decode(secret).decode().partition(":")[0]
    return secret if kind == "Bearer" else ""


BLOCK_BYTES = 1 << 18
LAST_MODIFIED = "Thu, 01 Jan 2026 00:00:00 GMT"


async def send_blob(request: web.Request) -> web.StreamResponse:
    """What the download calls lead to: a file, whole or from a byte on (Range with If-Range)."""
    served = request.app[SERVED]
    try:
        with _opened(served, **request.match_info) as (stream, size):
            if served.faults.truncated_archive:
                size -= 64
            return await _send_range(request, stream, size, served)
    except KeyError:
        return web.Response(status=404, text="no such file")


@contextmanager
def _opened(served: Served, slug: str, kind: str, name: str) -> Iterator[tuple[IO[bytes], int]]:
    """The file and its size in bytes. Raises KeyError when there is none."""
    competition = served.competitions[slug]
    if kind == "archive":
        with competition.archive.open("rb") as stream:
            yield stream, competition.archive.stat().st_size
    elif kind == "member":
        with zipfile.ZipFile(competition.archive) as archive, archive.open(name) as stream:
            yield stream, archive.getinfo(name).file_size
    else:
        lines = io.StringIO()
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(("teamId", "teamName", "submissionDate", "score"))
        ranked = standings(served.submissions[slug].all(), competition.description.metric)
        writer.writerows(line.values() for line in ranked)
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            archive.writestr(f"{slug}-publicleaderboard.csv", lines.getvalue())
        content.seek(0)
        yield content, len(content.getvalue())


async def _send_range(request: web.Request, stream: IO[bytes], size: int, served: Served) -> web.StreamResponse:
    tag = f'"{hashlib.sha256(f"{request.path}{size}".encode()).hexdigest()[:16]}"'
    start = _start(request, tag)
    if start >= size > 0:
        return web.Response(status=416, headers={"Content-Range": f"bytes */{size}"})
    response = web.StreamResponse(
        status=206 if start else 200,
        headers={"ETag": tag, "Last-Modified": LAST_MODIFIED, "Accept-Ranges": "bytes"},
    )
    response.content_type = "application/octet-stream"
    response.content_length = size - start
    if start:
        response.headers["Content-Range"] = f"bytes {start}-{size - 1}/{size}"
    await response.prepare(request)
    cut = served.faults.cut_downloads > 0
    served.faults.cut_downloads -= cut
    end = start + (size - start) // 2 if cut else size
    stream.seek(start)
    for position in range(start, end, BLOCK_BYTES):
        await response.write(stream.read(min(BLOCK_BYTES, end - position)))
    if cut and request.transport is not None:
        request.transport.abort()
        return response
    await response.write_eof()
    return response


def _start(request: web.Request, tag: str) -> int:
    """The first byte asked for; 0 when the client's bytes are of another file."""
    span = request.headers.get("Range", "")
    if not span.startswith("bytes=") or request.headers.get("If-Range", tag) not in (tag, LAST_MODIFIED):
        return 0
    return int(span.removeprefix("bytes=").partition("-")[0] or 0)
