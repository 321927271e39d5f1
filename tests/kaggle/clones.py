"""A stage's upload in a process of its own, as in another clone."""

import subprocess
import sys
from pathlib import Path

from foldline.kaggle.guard import Upload
from foldline.kaggle.journal import Journal
from tests.kaggle.faults import FaultyKaggle

UPLOADING = """
import os
import sys
from pathlib import Path
from foldline.kaggle import decisions
from foldline.kaggle.guard import plan_upload, submit_once
from foldline.kaggle.journal import Journal
from tests.kaggle.rehearsal import SLUG
from foldline.kaggle.client import Kaggle
from foldline.kaggle.connection import local_environment
port, home, path, folder, ledger = sys.argv[1:]
decisions.PATIENCE_SECONDS = 0.1
with Kaggle(local_environment(os.environ, int(port), Path(home))) as kaggle:
    upload = plan_upload(SLUG, Path(path), "words", "log_loss", 0.25)
    submit_once(kaggle, upload, Journal(Path(folder)), Path(ledger))
"""


def start(server: FaultyKaggle, upload: Upload, journal: Journal, ledger: Path) -> subprocess.Popen[str]:
    words = [server.port, ledger.parent / "home", upload.path, journal.folder, ledger]
    return subprocess.Popen(
        [sys.executable, "-c", UPLOADING, *map(str, words)], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
