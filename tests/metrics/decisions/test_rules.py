from pathlib import Path
from typing import Any

import numpy as np
import pytest

from foldline.card.submission import Submission
from foldline.card.target import Target
from foldline.files.refusal import Refusal
from foldline.metrics.decisions.rules import read_rule, rule_of, write_rule
from foldline.params.section import parse
from tests.metrics.of_kind import metric_of_kind

FORMS: dict[str, dict[str, Any]] = {
    "class_probabilities": {},
    "number": {"range": [1, 100]},
    "label": {},
    "confident_label": {},
    "label_lines": {"line": "{row}_{class}"},
    "lines": {"line": "{row}_{class}", "range": [0, 1]},
    "probability_lines": {"line": "{row}_{class}"},
    "probability_columns": {"column": "{column}_{label}"},
    "label_set": {"empty": "refused"},
    "set_columns": {"empty": "refused"},
    "ranking": {"length": 3},
}
TARGETS: dict[str, dict[str, Any]] = {
    "binary": {"column": "x", "negative": "a", "positive": "b"},
    "multiclass": {"column": "x"},
    "multioutput": {"columns": ["x", "y"]},
    "open_set": {"column": "x", "new_class": "new"},
    "ranked": {"column": "x", "new_class": "new"},
    "ordinal": {"column": "x", "levels": None},
    "regression": {"values": {"kind": "columns", "columns": ["x", "y", "z"]}},
    "multilabel": {"labels": {"kind": "columns", "columns": ["a", "b", "c"]}},
}
GENERATOR = np.random.default_rng(0)
DISTRIBUTIONS = GENERATOR.dirichlet(np.ones(3), size=60).astype(np.float32)
PAIRS = GENERATOR.dirichlet(np.ones(2), size=60).astype(np.float32)
LEVELS = GENERATOR.integers(0, 3, 60)
SETS = np.eye(3, dtype=np.uint8)[LEVELS]
CASES = [
    # target, form, metric, predictions, targets, the default rule and the fitted one
    ("multiclass", "class_probabilities", {"kind": "log_loss"}, DISTRIBUTIONS, LEVELS, "as_predicted", "as_predicted"),
    ("multiclass", "label", {"kind": "accuracy"}, DISTRIBUTIONS, LEVELS, "most_probable", "most_probable"),
    ("multiclass", "label", {"kind": "macro_f1"}, DISTRIBUTIONS, LEVELS, "most_probable", "weighted_classes"),
    (
        "ordinal",
        "label",
        {"kind": "quadratic_weighted_kappa"},
        DISTRIBUTIONS,
        LEVELS,
        "most_probable",
        "ordinal_thresholds",
    ),
    (
        "ordinal",
        "label",
        {"kind": "quadratic_weighted_kappa"},
        DISTRIBUTIONS[:, :1],
        LEVELS,
        "ordinal_thresholds",
        "ordinal_thresholds",
    ),
    (
        "ordinal",
        "label",
        {"kind": "linear_weighted_kappa"},
        DISTRIBUTIONS,
        LEVELS,
        "most_probable",
        "ordinal_thresholds",
    ),
    ("multiclass", "label", {"kind": "weighted_f1"}, DISTRIBUTIONS, LEVELS, "most_probable", "weighted_classes"),
    ("multiclass", "label", {"kind": "cohen_kappa"}, DISTRIBUTIONS, LEVELS, "most_probable", "most_probable"),
    ("binary", "label", {"kind": "cohen_kappa"}, PAIRS, LEVELS % 2, "most_probable", "weighted_classes"),
    ("ranked", "ranking", {"kind": "map_at_k", "k": 3}, DISTRIBUTIONS, LEVELS, *["top_classes_or_new"] * 2),
    ("open_set", "label", {"kind": "accuracy"}, DISTRIBUTIONS, LEVELS, *["label_or_new"] * 2),
    (
        "multiclass",
        "confident_label",
        {"kind": "global_average_precision"},
        DISTRIBUTIONS,
        LEVELS,
        *["most_probable_with_confidence"] * 2,
    ),
    (
        "multioutput",
        "label_lines",
        {"kind": "mean_column_balanced_accuracy", "weights": None},
        np.hstack([DISTRIBUTIONS, PAIRS]),
        np.column_stack([LEVELS, 3 + LEVELS % 2]),
        *["label_of_each"] * 2,
    ),
    *(
        (
            "multioutput",
            form,
            {"kind": "mean_column_log_loss", "weights": None, "class_weights": {"a": 2}},
            np.hstack([DISTRIBUTIONS, PAIRS]),
            np.column_stack([LEVELS, 3 + LEVELS % 2]),
            *["as_predicted"] * 2,
        )
        for form in ("probability_lines", "probability_columns")
    ),
    ("multilabel", "ranking", {"kind": "map_at_k", "k": 3}, DISTRIBUTIONS, SETS, *["top_classes"] * 2),
    ("binary", "number", {"kind": "auc"}, PAIRS, LEVELS % 2, "positive_probability", "positive_probability"),
    (
        "binary",
        "number",
        {"kind": "probabilistic_f1", "beta": 1},
        PAIRS,
        LEVELS % 2,
        "positive_probability",
        "hard_positive",
    ),
    ("multiclass", "label", {"kind": "balanced_accuracy"}, DISTRIBUTIONS, LEVELS, "most_probable", "weighted_classes"),
    ("multiclass", "label", {"kind": "matthews_correlation"}, DISTRIBUTIONS, LEVELS, "most_probable", "most_probable"),
    ("binary", "label", {"kind": "f_beta", "beta": 2}, PAIRS, LEVELS % 2, "most_probable", "weighted_classes"),
    ("binary", "label", {"kind": "matthews_correlation"}, PAIRS, LEVELS % 2, "most_probable", "weighted_classes"),
    ("regression", "number", {"kind": "rmse"}, DISTRIBUTIONS, DISTRIBUTIONS[::-1], *["within_range"] * 2),
    ("regression", "lines", {"kind": "mae"}, DISTRIBUTIONS, DISTRIBUTIONS[::-1], *["within_range"] * 2),
    ("multilabel", "lines", {"kind": "micro_auc"}, DISTRIBUTIONS, SETS, "as_predicted", "as_predicted"),
    ("multilabel", "label_set", {"kind": "multilabel_micro_f1"}, DISTRIBUTIONS, SETS, *["thresholds"] * 2),
    ("multilabel", "label_set", {"kind": "multilabel_macro_f1"}, DISTRIBUTIONS, SETS, *["thresholds"] * 2),
    ("multilabel", "label_set", {"kind": "samples_f_beta", "beta": 2}, DISTRIBUTIONS, SETS, *["thresholds"] * 2),
    ("multilabel", "set_columns", {"kind": "samples_jaccard"}, DISTRIBUTIONS, SETS, *["thresholds"] * 2),
    ("multilabel", "set_columns", {"kind": "exact_match"}, DISTRIBUTIONS, SETS, *["thresholds"] * 2),
    ("multilabel", "set_columns", {"kind": "hamming_loss"}, DISTRIBUTIONS, SETS, *["thresholds"] * 2),
]


@pytest.mark.parametrize(("target", "form", "metric", "predictions", "targets", "default", "fitted"), CASES)
def test_each_form_has_its_rule_and_what_is_fitted_survives_its_file(
    target: str,
    form: str,
    metric: dict,
    predictions: np.ndarray,
    targets: np.ndarray,
    default: str,
    fitted: str,
    tmp_path: Path,
) -> None:
    submission = parse(
        {"kind": form, "sample": "s.csv", "id": "id", "extra_columns": "ignored", **FORMS[form]}, Submission, "card"
    )
    fact = parse({"kind": target, "group": None, **TARGETS[target]}, Target, "card")

    classes = ("x=a", "x=b", "x=c", "y=0", "y=1") if target == "multioutput" else ("a", "b", "c")
    rule = rule_of(submission.default_rule(fact, classes, predictions.shape[1]))
    found = rule.fitted(metric_of_kind(classes=classes, **metric), predictions, targets)
    write_rule(tmp_path / "rule.json", found)

    assert (rule.kind, found.kind) == (default, fitted)
    assert read_rule(tmp_path / "rule.json") == found
    np.testing.assert_array_equal(read_rule(tmp_path / "rule.json")(predictions), found(predictions))


def test_without_a_new_class_a_ranking_is_the_likeliest_classes() -> None:
    ranking = {"kind": "ranking", "sample": "s.csv", "id": "id", "extra_columns": "ignored", "length": 3}
    fact = parse({"kind": "ranked", "group": None, "column": "x", "new_class": None}, Target, "card")
    assert parse(ranking, Submission, "card").default_rule(fact, ("a", "b"), 2) == {"kind": "top_classes", "length": 3}


def test_what_is_no_rule_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rule.json").write_text('{"kind": "guess"}')
    with pytest.raises(Refusal, match=r"rule.json: `.*kind` is 'guess'"):
        read_rule(tmp_path / "rule.json")
