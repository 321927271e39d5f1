"""A competition of eight rows for the local Kaggle, and what it takes to reach it."""

import os
from pathlib import Path

from foldline.kaggle.client import Kaggle
from foldline.kaggle.connection import local_environment
from foldline.local_kaggle.server import LocalKaggle

SLUG = "cats-and-dogs"
IDS = [f"row{number}" for number in range(8)]
LABELS = ["cat", "dog"] * 4
SAMPLE = "id,cat,dog\n" + "".join(f"{row_id},0.5,0.5\n" for row_id in IDS)
GOOD = "id,cat,dog\n" + "".join(
    f"{row_id},{0.8 if label == 'cat' else 0.2},{0.2 if label == 'cat' else 0.8}\n"
    for row_id, label in zip(IDS, LABELS, strict=True)
)
GOOD_SCORE = "0.22314"
"""-log(0.8)."""


def write_competition(folder: Path, per_day: int = 5, state: str = "running") -> Path:
    """Loose files, one of them large enough to be cut in the middle, and a Usage column."""
    (folder / "files" / "train").mkdir(parents=True)
    (folder / "files" / "train" / "a.png").write_bytes(bytes(range(256)) * 2000)
    (folder / "files" / "labels.csv").write_text("id,label\na,cat\n")
    (folder / "files" / "sample_submission.csv").write_text(SAMPLE)
    usage = ["Public", "Public", "Private", "Private"] * 2
    rows = zip(IDS, LABELS, usage, strict=True)
    (folder / "solution.csv").write_text("id,label,Usage\n" + "".join(f"{','.join(row)}\n" for row in rows))
    (folder / "competition.yaml").write_text(
        f"title: Cats and dogs\nmetric: log_loss\nsample: sample_submission.csv\n"
        f"extra_columns: refused\nsubmissions_per_day: {per_day}\n"
        f"state: {state}\n"
    )
    return folder


def reached(server: LocalKaggle, home: Path) -> Kaggle:
    return Kaggle(local_environment(os.environ, server.port, home))
