"""`receipt.json`: what Kaggle said of a submission."""

from pathlib import Path
from typing import Literal

from foldline.files.whole_files import read_json, write_json
from foldline.params.section import Section, parse


class Receipt(Section):
    competition: str
    run_id: str
    """A hash of the competition and the csv's content; stands in the submission's description."""
    ref: int
    """Kaggle's number of the submission."""
    status: Literal["pending", "complete"]
    public_score: str
    """As Kaggle writes it; empty while pending."""
    private_score: str
    """Empty while the competition runs."""
    metric: str | None
    out_of_fold_score: float | None
    """What the predictions scored out of fold, to hold against the leaderboard."""


def read_receipt(path: Path) -> Receipt:
    return parse(read_json(path), Receipt, str(path))


def write_receipt(path: Path, receipt: Receipt) -> None:
    write_json(path, receipt.model_dump())
