"""Scores by fold and their interval, gains, and where a run stands among others, by hand-worked values."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from foldline.ensembling.intervals import Interval
from foldline.kaggle.ledger import append_entry, entry, run_id
from foldline.kaggle.uploads import Upload, read_uploads
from foldline.report.evidence import GAINS
from foldline.report.page import UNKNOWN, Table, Words
from foldline.report.sections.scores import (
    gain_rows,
    keys,
    leaderboard_words,
    run_rows,
    run_scores,
    score_interval,
    scores,
)
from foldline.report.uploads import own_upload
from tests.ensembling.test_standings import run
from tests.report.drawn import drawn

# Rows 0 and 2 are of fold 0, rows 1 and 3 of fold 1.
HALVES = [[0.5, 0.5], [0.25, 0.75], [0.5, 0.5], [0.75, 0.25]]
EVIDENCE = drawn([0, 1, 1, 1], HALVES)


def test_scores_by_fold_and_over_all_rows() -> None:
    """Fold 0 log 2 each; fold 1 log 4/3 and log 4."""
    found = run_scores(EVIDENCE)
    assert found.by_fold == {0: pytest.approx(np.log(2)), 1: pytest.approx((np.log(4 / 3) + np.log(4)) / 2)}
    assert found.pooled == pytest.approx((2 * np.log(2) + np.log(4 / 3) + np.log(4)) / 4)
    table = scores(EVIDENCE, None).body[0]
    assert isinstance(table, Table)
    assert [[str(cell) for cell in row] for row in table.rows[:2]] == [
        ["fold 0", "2", "0.69315"],
        ["fold 1", "2", "0.83699"],
    ]
    assert [str(cell) for cell in table.rows[3]] == ["out of fold", "4", "0.76507"]


def test_the_interval_of_equal_rows_is_a_point_and_that_of_others_holds_the_score() -> None:
    low, high = score_interval(drawn([0, 0, 0], [[0.5, 0.5]] * 3))
    assert low == pytest.approx(np.log(2)) == high
    low, high = score_interval(EVIDENCE)
    assert low < run_scores(EVIDENCE).pooled < high
    by_order = drawn([0, 1] * 20, [[0.9, 0.1], [0.4, 0.6]] * 20, metric={"kind": "auc"}, target=BINARY)
    assert score_interval(by_order) == (1, 1)


BINARY = {"kind": "binary", "column": "label", "group": None, "negative": "cat", "positive": "dog"}


def test_the_numbers_above_all_sections() -> None:
    assert [(key.label, key.value, key.note) for key in keys(EVIDENCE, 0.5)] == [
        ("log loss, out of fold", "0.76507", "mean of folds 0.76507 ± 0.07192"),
        ("accuracy of the answers, out of fold", "50.00%", ""),
        ("leaderboard", "0.50000", "public"),
    ]
    assert keys(EVIDENCE, None)[-1].note == "no score yet"


@pytest.mark.parametrize(
    ("public", "said"),
    [
        (None, "no leaderboard score yet"),
        (0.7, "better than the out-of-fold score by 0.06507, within the interval"),
        (0.2, "outside of the interval, .* Expect some of that, since a test row gets the mean of 2 models"),
        (2.0, "worse than the out-of-fold score by 1.23493, outside of the interval, .* Against it stands that"),
    ],
)
def test_why_the_leaderboard_may_differ_is_said(public: float | None, said: str) -> None:
    assert re.search(said, leaderboard_words(EVIDENCE, run_scores(EVIDENCE), Interval(0.5, 1.0), public))
    assert any(isinstance(part, Words) for part in scores(EVIDENCE, None).body)


def test_gains_are_in_sample_and_cross_validated() -> None:
    gains = pd.DataFrame(
        [
            ("temperature", "T = 0.8", 0.02, 0.01, 0.002, 0.005, 0.02, True, "fitted per model", "ensemble"),
            ("bounds", None, 0.0, 0.0, *[np.nan] * 3, False, "not applicable: clipping", "clip"),
        ],
        columns=[*GAINS, "stage"],
    )  # fmt: skip
    first, second = [[str(cell) for cell in row] for row in gain_rows(gains)]
    assert first == [
        "temperature",
        "ensemble",
        "T = 0.8",
        "+0.02000",
        "+0.01000 ± 0.00200",
        "+0.00500 .. +0.02000",
        "yes",
        "fitted per model",
    ]
    assert second == ["bounds", "clip", "", UNKNOWN, UNKNOWN, UNKNOWN, "no", "not applicable: clipping"]


def test_uploads_are_read_from_the_ledger(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.csv"
    for one in (
        entry("drawn", "a", "intended"),
        entry("other", "x", "scored", 3, "0.9"),
        entry("drawn", "a", "scored", 4, "0.25"),
        entry("drawn", "b", "rejected", 5),
    ):
        append_entry(ledger, one)
    uploads = read_uploads(ledger, "drawn")
    assert [(one.run_id, one.public_score) for one in uploads] == [("a", 0.25), ("b", None)]
    submission = tmp_path / "submission.csv"
    assert own_upload(uploads, "drawn", submission) is None
    submission.write_bytes(b"id,dog\n")
    assert own_upload(uploads, "drawn", submission) is None
    mine = Upload(run_id("drawn", b"id,dog\n"), "")
    assert own_upload([*uploads, mine], "drawn", submission) == mine


def test_a_run_stands_against_the_last_and_the_best_run(tmp_path: Path) -> None:
    """Of errors: the best is 0.1 better on each fold, the last one 0.2 worse."""
    best, own, last, later = (
        replace(run(name, *folds), made=float(made))
        for name, folds, made in (
            ("best", (0.3, 0.4), 1), ("own", (0.4, 0.5), 3), ("last", (0.6, 0.7), 2), ("later", (0.9, 0.9), 4)
        )
    )  # fmt: skip
    rows = run_rows([best, last, own, later], own.files, tmp_path)
    assert [[str(cell) for cell in row] for row in rows] == [
        ["this run, own", "0.45000", UNKNOWN, ""],
        ["the last run before it, last", "0.65000", "+0.20000", "real"],
        ["the best other run, best", "0.35000", "-0.10000", "real"],
    ]
    table = scores(EVIDENCE, None, rows).body[-1]
    assert isinstance(table, Table) and table.rows == rows
    assert run_rows([own], own.files, tmp_path) == [] == run_rows([best, last], own.files, tmp_path)
    rescored = replace(own, names=("rescored",), files={**own.files, "clip/metrics.json": "of another metric"})
    assert str(run_rows([own, rescored], rescored.files, tmp_path)[0][0]) == "this run, rescored"
