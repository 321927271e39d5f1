"""What the ledger says of each csv all together: what was expected of it, and what Kaggle said."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from foldline.kaggle.ledger import EXPECTED, LedgerEntry


@dataclass(frozen=True)
class Uploaded:
    """One csv that Kaggle has, or may have: what the ledger says of it all together."""

    run_id: str
    time: str
    """When it was first heard of, UTC."""
    metric: str = ""
    """Of its out-of-fold score; empty where nothing was noted: an earlier version noted none."""
    out_of_fold: float = math.nan
    public_score: float = math.nan
    """NaN while it is not known."""


def uploads_of(entries: Iterable[LedgerEntry], competition: str) -> list[Uploaded]:
    """In the order in which they began."""
    found: dict[str, Uploaded] = {}
    for one in (one for one in entries if one.competition == competition):
        known = found.get(one.run_id, Uploaded(one.run_id, one.time))
        noted = EXPECTED.fullmatch(one.note)
        if noted is not None:
            known = replace(known, metric=noted["metric"], out_of_fold=float(noted["score"]))
        if one.event == "scored":
            known = replace(known, public_score=_number(one.public_score))
        found[one.run_id] = known
    return list(found.values())


def _number(text: str) -> float:
    """As Kaggle writes it; NaN for what is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def worse_than_uploaded(
    uploads: Sequence[Uploaded], metric: str, score: float | None, higher_is_better: bool | None
) -> str | None:
    """What to think of before a csv is uploaded whose out-of-fold score is not the best of this metric so far.

    score: None where it is not defined. higher_is_better: None where it is not known."""
    noted = [one for one in uploads if one.metric == metric]
    if score is None or higher_is_better is None or not noted:
        return None
    best = (max if higher_is_better else min)(noted, key=lambda one: one.out_of_fold)
    if (score >= best.out_of_fold) if higher_is_better else (score <= best.out_of_fold):
        return None
    known = "" if math.isnan(best.public_score) else f", which got {best.public_score:.5f} on the leaderboard"
    return (
        f"the out-of-fold {metric} {score:.6f} is worse than the {best.out_of_fold:.6f} of the upload "
        f"{best.run_id}{known}"
    )
