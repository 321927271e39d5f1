"""Answers POST {prefix}/{service}/{method} and takes uploads, or goes wrong as a test wishes."""

import asyncio
import base64

from aiohttp import web

from foldline.local_kaggle.calls import METHODS, NEED_RULES
from foldline.local_kaggle.served import SERVED, Call, refused


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
