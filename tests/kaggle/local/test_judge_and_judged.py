"""The judge's scores are those that the pipeline computes of the same rows: two implementations, one definition."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax

from foldline.competition.scores import areas, labels, log_losses, rankings, sets, values
from foldline.kaggle.local.scores import SCORES

GENERATOR = np.random.default_rng(0)
ROWS = 60
POSITIVE = GENERATOR.integers(0, 2, ROWS)
SHARE = ((GENERATOR.integers(0, 20, ROWS) + 10 * POSITIVE) / 40).astype(np.float32)
TWO = np.column_stack([1 - SHARE, SHARE])
SEVERAL = (GENERATOR.uniform(size=(ROWS, 4)) < 0.4).astype(np.float32)
EACH = GENERATOR.uniform(size=(ROWS, 4)).astype(np.float32)
LEVELS, FOUND = GENERATOR.integers(0, 5, ROWS), GENERATOR.integers(0, 5, ROWS)
RANKED = np.argsort(-softmax(GENERATOR.normal(size=(ROWS, 9)), axis=1), axis=1)


def column(numbers: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"x": [str(number) for number in numbers]})


def columns(numbers: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({f"c{place}": [str(number) for number in numbers[:, place]] for place in range(4)})


def spaced(rows: list[list[int]]) -> pd.DataFrame:
    return pd.DataFrame({"x": [" ".join(map(str, row)) for row in rows]})


def places(indicators: np.ndarray) -> list[list[int]]:
    return [row.nonzero()[0].tolist() for row in indicators]


@pytest.mark.parametrize(
    ("metric", "answers", "predictions", "expected"),
    [
        ("auc", column(POSITIVE), column(SHARE), areas.auc(POSITIVE, TWO)),
        (
            "weighted_auc",
            column(POSITIVE),
            column(SHARE),
            areas.weighted_auc(POSITIVE, TWO, (0.0, 0.4, 1.0), (2.0, 1.0)),
        ),
        ("mean_column_auc", columns(SEVERAL), columns(EACH), areas.mean_column_auc(SEVERAL, EACH)),
        ("binary_log_loss", columns(SEVERAL), columns(EACH), log_losses.binary_log_loss(SEVERAL, EACH)),
        ("accuracy", column(LEVELS), column(FOUND), labels.accuracy(LEVELS, FOUND)),
        ("macro_f1", column(LEVELS), column(FOUND), labels.macro_f1(LEVELS, FOUND)),
        ("quadratic_kappa", column(LEVELS), column(FOUND), labels.quadratic_kappa(LEVELS, FOUND)),
        ("map_at_5", column(LEVELS), spaced(RANKED.tolist()), rankings.map_at_k(LEVELS, RANKED, 5)),
        (
            "multilabel_micro_f1",
            spaced(places(SEVERAL)),
            spaced(places(EACH > 0.5)),
            sets.micro_f1(SEVERAL, EACH > 0.5),
        ),
        (
            "multilabel_macro_f1",
            spaced(places(SEVERAL)),
            spaced(places(EACH > 0.5)),
            sets.macro_f1(SEVERAL, EACH > 0.5),
        ),
        ("rmse", column(EACH[:, 0]), column(SHARE), values.rmse(EACH[:, 0], SHARE)),
        ("probabilistic_f1", column(POSITIVE), column(SHARE), values.probabilistic_f1(POSITIVE, SHARE, 1.0)),
    ],
)
def test_judge_and_judged_agree(metric: str, answers: pd.DataFrame, predictions: pd.DataFrame, expected: float) -> None:
    assert SCORES[metric].value(answers, predictions) == pytest.approx(expected, rel=1e-6)
