"""Which of a competition's uploads is this run's, and how it stands to the others."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from foldline.kaggle.ledger import run_id
from foldline.kaggle.uploads import Upload
from foldline.metrics.metric_and_rule import MetricKind


def current_run_id(slug: str, submission: Path) -> str | None:
    """Of the csv that this run would upload, or has; None where there is none yet."""
    return run_id(slug, submission.read_bytes()) if submission.is_file() else None


@dataclass(frozen=True)
class Standing:
    """Where a run stands among the uploads."""

    own: Upload | None
    """None where it was not uploaded."""
    last: Upload | None
    """The one before it, or of all uploads the last one, that has a score."""
    best: Upload | None
    """Of all others."""


def standing(uploads: Sequence[Upload], current: str | None, metric: MetricKind) -> Standing:
    own = next((one for one in uploads if one.run_id == current), None)
    before = uploads[: uploads.index(own)] if own is not None else uploads
    scored = [one for one in uploads if one is not own and one.public_score is not None]
    sign = 1 if metric.higher_is_better else -1
    best = max(scored, key=lambda one: sign * (one.public_score or 0.0), default=None)
    return Standing(own, next((one for one in reversed(before) if one in scored), None), best)
