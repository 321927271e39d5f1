"""The embedded local Kaggle: speaks to the unmodified `kaggle` client, on the loopback device only."""

import asyncio
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from aiohttp import web

from foldline.local_kaggle import answering, blobs
from foldline.local_kaggle.competition import Competition, read_competition
from foldline.local_kaggle.faults import Faults
from foldline.local_kaggle.served import SERVED, Served
from foldline.local_kaggle.submissions import Submissions

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

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
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
            app.router.add_post(prefix + "/{service}/{method}", answering.answer)
        app.router.add_put("/upload/{token}", answering.receive_upload)
        app.router.add_get("/blob/{slug}/{kind}/{name:.*}", blobs.send)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, self.port).start()
        self.port = self._runner.addresses[0][1]
