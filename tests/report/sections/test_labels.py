"""Several labels: scores per label and the pairs that stand in for each other, against scikit-learn and by hand."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from foldline.report.page import LeftOut, Table
from foldline.report.sections.labels import confused_pairs, label_table, labels
from tests.report.drawn import drawn

TARGET = {"kind": "multilabel", "labels": {"kind": "delimited", "column": "tags", "delimiter": " "}, "group": None}
NAMES = ("haze", "road", "water")
WANTED = np.array([[1, 0, 0], [1, 0, 1], [0, 1, 1], [0, 1, 0]], np.uint8)
SCORES = np.array([[0.9, 0.2, 0.6], [0.4, 0.7, 0.8], [0.1, 0.9, 0.3], [0.2, 0.4, 0.1]], np.float32)


def test_scores_of_labels_are_those_of_scikit_learn() -> None:
    table = label_table(WANTED, SCORES, SCORES >= 0.5, NAMES)
    of_label = {row["label"]: row for row in table.to_dict("records")}
    for at, name in enumerate(NAMES):
        row, wanted, scores = of_label[name], WANTED[:, at], SCORES[:, at]
        assert row["AUC"] == pytest.approx(roc_auc_score(wanted, scores))
        assert row["average precision"] == pytest.approx(average_precision_score(wanted, scores))
        assert row["F1"] == pytest.approx(f1_score(wanted, scores >= 0.5))
        assert (row["rows"], row["share"]) == (2, 0.5)
    assert table["average precision"].is_monotonic_increasing


def test_a_label_without_a_row_is_not_defined_and_comes_last() -> None:
    wanted = WANTED.copy()
    wanted[:, 0] = 0
    table = label_table(wanted, SCORES, np.zeros((4, 3), bool), NAMES)
    assert table["label"].iloc[-1] == "haze"
    assert table.iloc[-1][["AUC", "average precision", "recall"]].isna().all()
    assert pd.isna(table["precision"]).all(), "nothing is said"


def test_pairs_are_counted_where_one_is_missed_and_the_other_said() -> None:
    """Row 0 says water in vain and misses nothing; row 1 misses haze and says road; row 2 misses water alone; row 3
    misses road and says nothing."""
    pairs = confused_pairs(WANTED, SCORES >= 0.5, NAMES)
    assert pairs.to_numpy().tolist() == [["haze", "road", 1]]
    assert confused_pairs(WANTED, WANTED == 1, NAMES).empty


def test_sets_are_those_of_the_rule_or_of_one_half() -> None:
    shape = {"classes": NAMES, "target": TARGET, "form": "independent"}
    by_rule = labels(drawn(WANTED, SCORES, metric={"kind": "multilabel_macro_f1"}, answers=WANTED == 1, **shape))
    assert "its threshold in the rule" in by_rule.lede
    listing = by_rule.body[1]
    assert isinstance(listing, Table)
    assert {str(row[listing.columns.index("F1")]) for row in listing.rows} == {"1.000"}
    by_half = labels(drawn(WANTED, SCORES, metric={"kind": "binary_log_loss"}, **shape))
    assert by_half.title == (
        "road is found worst: average precision 0.83, 0.89 on average; road is most often said for haze"
    )
    with pytest.raises(LeftOut):
        labels(drawn([0, 1], [[0.5, 0.5], [0.5, 0.5]]))
