"""The embedded local Kaggle: speaks to the unmodified `kaggle` client, on the loopback device only."""

import asyncio
import base64
import csv
import io
import threading
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from aiohttp import web

from foldline.files.refusal import Refusal
from foldline.local_kaggle import calls, dataset_calls, notebook_calls
from foldline.local_kaggle.calls import SERVED, Call, Served, refused
from foldline.local_kaggle.hosted_competition import Competition, read_competition

HOST = "127.0.0.1"
REQUEST_BYTES = 1 << 30
METHODS = calls.METHODS | dataset_calls.METHODS | notebook_calls.METHODS


class LocalKaggle:
    """Serves `folders` (slug: folder, see competition.py) from a thread of its own, as a context manager.

    `memory`, a folder, keeps what outlives the server: submissions, datasets, notebooks, archives of loose files. The
    sessions of notebooks end with the server, and are begun again by the next.
    """

    def __init__(
        self, folders: Mapping[str, Path], memory: Path, port: int = 0, middlewares: Sequence[Callable[..., Any]] = ()
    ) -> None:
        self.competitions: dict[str, Competition] = {
            slug: read_competition(folder, slug, memory) for slug, folder in folders.items()
        }
        self.port, self._middlewares = port, middlewares
        self._served = Served(self.competitions, memory.resolve())
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
        self._served.sessions.end_all()

    async def _start(self) -> None:
        app = web.Application(client_max_size=REQUEST_BYTES, middlewares=self._middlewares)
        app[SERVED] = self._served
        # The client speaks to /v1 at api.kaggle.com and to /api/v1 at localhost.
        for prefix in ("/v1", "/api/v1"):
            app.router.add_post(prefix + "/{service}/{method}", answer)
        app.router.add_put("/upload/{token}", receive_upload)
        app.router.add_get("/blob/{slug}/{kind}/{name:.*}", send_blob)
        app.router.add_get("/stored/{name:.*}", send_stored)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, self.port).start()
        self.port = self._runner.addresses[0][1]


async def answer(request: web.Request) -> web.StreamResponse:
    """POST {prefix}/{service}/{method}."""
    served, method = request.app[SERVED], request.match_info["method"]
    user = _user(request.headers.get("Authorization", ""))
    if not user:
        return refused(401, "Unauthenticated")
    fields = await request.json() if request.can_read_body else {}
    call = Call(served, fields, user, f"{request.scheme}://{request.host}")
    if method not in METHODS:
        return refused(404, f"The local Kaggle does not know {request.match_info['service']}/{method}")
    if "competitionName" in fields and fields["competitionName"] not in served.competitions:
        return refused(404, f"Competition '{fields['competitionName']}' not found")
    try:
        if method in calls.METHODS:
            notebook_calls.score_ended(served)
        return METHODS[method](call)
    except Refusal as refusal:
        return refused(400, str(refusal))


async def receive_upload(request: web.Request) -> web.StreamResponse:
    upload = request.app[SERVED].uploads.get(request.match_info["token"])
    if upload is None:
        return web.Response(status=403, text="expired")
    stated, _, _ = request.headers.get("Content-Range", "").removeprefix("bytes ").partition("/")
    if stated == "*":  # a client that was cut off asks how much has arrived
        known = len(upload.content)
        so_far = {"Range": f"bytes=0-{known - 1}"} if known else {}
        return web.Response(status=201) if known == upload.bytes else web.Response(status=308, headers=so_far)
    del upload.content[int(stated.partition("-")[0] or 0) :]
    async for block in request.content.iter_any():
        upload.content += block
    return web.Response(status=201)


async def send_stored(request: web.Request) -> web.StreamResponse:
    """A file of a dataset, or of what a session left."""
    memory = request.app[SERVED].memory
    path = (memory / request.match_info["name"]).resolve()
    if not path.is_relative_to(memory) or not path.is_file():
        return web.Response(status=404, text="no such file")
    # Of json the client would read an error out of.
    return web.FileResponse(path, headers={"Content-Type": "application/octet-stream"})


def _user(authorization: str) -> str:
    kind, _, secret = authorization.partition(" ")
    if kind == "Basic":
        return base64.b64decode(secret).decode().partition(":")[0]
    return secret if kind == "Bearer" else ""


async def send_blob(request: web.Request) -> web.StreamResponse:
    """The target of the download calls; the archive can be resumed (Range, with a date in If-Range)."""
    slug, kind, name = request.match_info.values()
    competition = request.app[SERVED].competitions.get(slug)
    if competition is None or (kind == "member" and name not in competition.files):
        return web.Response(status=404, text="no such file")
    if kind == "archive":
        return web.FileResponse(competition.archive)
    content = competition.content(name) if kind == "member" else _zipped_leaderboard(competition)
    response = web.Response(body=content)
    response.last_modified = competition.archive.stat().st_mtime  # the client asks for it
    return response


def _zipped_leaderboard(competition: Competition) -> bytes:
    lines, zipped = io.StringIO(), io.BytesIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(("teamId", "teamName", "submissionDate", "score"))
    writer.writerows(line.values() for line in competition.leaderboard())
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr(f"{competition.slug}-publicleaderboard.csv", lines.getvalue())
    return zipped.getvalue()
