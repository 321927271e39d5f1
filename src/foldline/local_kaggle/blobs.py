"""The files behind the redirects of the download calls: whole, or from a byte on (Range with If-Range)."""

import csv
import hashlib
import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from aiohttp import web

from foldline.local_kaggle.leaderboard import standings
from foldline.local_kaggle.served import SERVED, Served

BLOCK_BYTES = 1 << 18
LAST_MODIFIED = "Thu, 01 Jan 2026 00:00:00 GMT"


async def send(request: web.Request) -> web.StreamResponse:
    """GET /blob/{slug}/{kind}/{name}."""
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
