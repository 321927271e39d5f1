"""What the ledger says of each csv all together: what was expected of it, and what Kaggle said."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from foldline.kaggle.ledger import EXPECTED, read_ledger


@dataclass(frozen=True)
class Upload:
    run_id: str
    time: str
    """UTC, when it began."""
    public_score: float | None = None
    """None where Kaggle has not said one."""
    metric: str | None = None
    """Of the out-of-fold score; both are None where none was noted, as by earlier versions."""
    out_of_fold: float | None = None


def read_uploads(ledger: Path, slug: str) -> list[Upload]:
    """In the order in which they began."""
    found: dict[str, Upload] = {}
    for one in (one for one in read_ledger(ledger) if one.competition == slug):
        known = found.get(one.run_id, Upload(one.run_id, one.time))
        noted = EXPECTED.fullmatch(one.note)
        if noted is not None:
            known = replace(known, metric=noted["metric"], out_of_fold=float(noted["score"]))
        if one.event == "scored":
            known = replace(known, public_score=_number(one.public_score))
        found[one.run_id] = known
    return list(found.values())


def _number(text: str) -> float | None:
    """None of what is not a finite number."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def worse_than_uploaded(
    uploads: Sequence[Upload], metric: str, score: float | None, higher_is_better: bool | None
) -> str | None:
    """What to think of before a csv is uploaded whose out-of-fold score is not the best of this metric so far.

    score: None where it is not defined. higher_is_better: None where it is not known."""
    noted = [one for one in uploads if one.metric == metric and one.out_of_fold is not None]
    if score is None or higher_is_better is None or not noted:
        return None
    sign = 1 if higher_is_better else -1
    best = max(noted, key=lambda one: sign * (one.out_of_fold or 0.0))
    if sign * score >= sign * (best.out_of_fold or 0.0):
        return None
    known = "" if best.public_score is None else f", which got {best.public_score:.5f} on the leaderboard"
    return (
        f"the out-of-fold {metric} {score:.6f} is worse than the {best.out_of_fold:.6f} of the upload "
        f"{best.run_id}{known}"
    )
