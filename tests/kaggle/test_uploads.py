"""What the ledger says of each csv all together, and whether another one is worth a submission."""

import re
from pathlib import Path

import pytest

from foldline.kaggle.ledger import LedgerEntry, append_entry, entry, expectation
from foldline.kaggle.uploads import Upload, read_uploads, worse_than_uploaded


def test_each_csv_once_with_all_that_is_known_of_it(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.csv"
    noted = expectation("log_loss", 0.25)
    for one in (
        LedgerEntry("2026-11-30T01:00:00Z", "digits", "a", "intended", "", "", noted),
        LedgerEntry("2026-11-30T02:00:00Z", "dogs", "x", "intended", "", "", noted),
        LedgerEntry("2026-11-30T03:00:00Z", "digits", "b", "intended", "", "", ""),
        LedgerEntry("2026-11-30T04:00:00Z", "digits", "a", "scored", "7", "0.5", ""),
        LedgerEntry("2026-11-30T05:00:00Z", "digits", "a", "submitted", "7", "", "found"),
        LedgerEntry("2026-11-30T06:00:00Z", "digits", "b", "scored", "8", "none", "out-of-fold log_loss soon"),
        LedgerEntry("2026-11-30T07:00:00Z", "digits", "b", "scored", "8", "NaN", ""),
    ):
        append_entry(ledger, one)
    assert read_uploads(ledger, "digits") == [
        Upload("a", "2026-11-30T01:00:00Z", 0.5, "log_loss", 0.25),
        Upload("b", "2026-11-30T03:00:00Z", None, None, None),
    ]
    assert read_uploads(tmp_path / "none.csv", "digits") == []


UPLOADS = [
    Upload("a", "", 0.5, "log_loss", 0.25),
    Upload("b", "", None, "log_loss", 0.125),
    Upload("c", "", 0.9, "auc", 0.875),
    Upload("d", "", 0.1),
]


@pytest.mark.parametrize(
    ("metric", "score", "higher_is_better", "warning"),
    [
        ("log_loss", 0.2, False, "out-of-fold log_loss 0.200000 is worse than the 0.125000 of the upload b$"),
        ("auc", 0.75, True, r"worse than the 0.875000 of the upload c, which got 0.90000 on the leaderboard"),
        ("log_loss", 0.125, False, None),
        ("log_loss", 0.1, False, None),
        ("auc", 0.9, True, None),
        ("accuracy", 0.1, True, None),
        ("log_loss", None, False, None),
        ("log_loss", 0.2, None, None),
    ],
)
def test_a_score_worse_than_the_best_uploaded_of_its_metric(
    metric: str, score: float | None, higher_is_better: bool | None, warning: str | None
) -> None:
    found = worse_than_uploaded(UPLOADS, metric, score, higher_is_better)
    assert found is None if warning is None else re.search(warning, found or "")


def test_a_note_survives_the_ledger(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.csv"
    append_entry(ledger, entry("digits", "a", "intended", note=expectation("mean_absolute_error", 1234567.0)))
    (found,) = read_uploads(ledger, "digits")
    assert (found.metric, found.out_of_fold) == ("mean_absolute_error", 1234567.0)
