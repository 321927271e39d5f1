"""The judge's scores are those that the pipeline computes of the same rows: two implementations, one definition."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax

from foldline.local_kaggle.scores import score_of
from foldline.metrics.scores import (
    areas,
    correlations,
    divergences,
    labels,
    log_losses,
    outputs,
    precisions,
    rankings,
    sets,
    squares,
    values,
)

GENERATOR = np.random.default_rng(0)
ROWS = 60
POSITIVE = GENERATOR.integers(0, 2, ROWS)
SHARE = ((GENERATOR.integers(0, 20, ROWS) + 10 * POSITIVE) / 40).astype(np.float32)
TWO = np.column_stack([1 - SHARE, SHARE])
SEVERAL = (GENERATOR.uniform(size=(ROWS, 4)) < 0.4).astype(np.uint8)
EACH = GENERATOR.uniform(size=(ROWS, 4)).astype(np.float32)
LEVELS, FOUND = GENERATOR.integers(0, 5, ROWS), GENERATOR.integers(0, 5, ROWS)
RANKED = np.argsort(-softmax(GENERATOR.normal(size=(ROWS, 9)), axis=1), axis=1)

GAPS = np.where(SEVERAL == 1, EACH[::-1], np.nan).astype(np.float32)
TWO_CLASSES = pd.DataFrame(TWO.astype(str), columns=["0", "1"])
TRUE_OF_EACH, GUESSED_OF_EACH = (GENERATOR.integers(0, 3, (ROWS, 4)) for _ in range(2))
FIRST_OF_EACH = 3 * np.arange(4)
LABELS_OF_EACH = np.where(GENERATOR.random((ROWS, 4)) < 0.3, -1, TRUE_OF_EACH + FIRST_OF_EACH)
SHARES_OF_EACH = GENERATOR.dirichlet(np.ones(3), (ROWS, 4)).astype(np.float32)
OF_LABEL = (1.0, 2.0, 4.0)
VOTED, DEALT = (GENERATOR.dirichlet(np.ones(4), ROWS).astype(np.float32) for _ in range(2))
ONE_OF_FOUR = GENERATOR.integers(0, 4, ROWS)
WEIGHTS = (2.0, 1.0, 0.5, 1.0)
WEIGHTS_OF_LINES = [str(weight) for weight in WEIGHTS] * ROWS


def column(numbers: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"x": [str(number) for number in numbers]})


def columns(numbers: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({f"c{place}": [str(number) for number in numbers[:, place]] for place in range(4)})


def class_names(positions: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"label": [f"c{position}" for position in positions]})


def lines(numbers: np.ndarray) -> pd.DataFrame:
    """A line per row and class."""
    return column(numbers.ravel())


def asked_lines() -> pd.DataFrame:
    """A line per row and column, what is true and what it weighs."""
    told = [(place, label) for row in LABELS_OF_EACH for place, label in enumerate(row)]
    return pd.DataFrame(
        {
            "Column": [str(place) for place, _ in told],
            "Weight": [str(OF_LABEL[label % 3]) for _, label in told],
            "label": ["" if label < 0 else str(label % 3) for _, label in told],
        }
    )


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
        ("weighted_f1", column(LEVELS), column(FOUND), labels.weighted_f1(LEVELS, FOUND)),
        ("cohen_kappa", column(LEVELS), column(FOUND), labels.cohen_kappa(LEVELS, FOUND)),
        ("linear_kappa", column(LEVELS), column(FOUND), labels.linear_kappa(LEVELS, FOUND)),
        ("quadratic_kappa", column(LEVELS), column(FOUND), labels.quadratic_kappa(LEVELS, FOUND)),
        ("map_at(5)", column(LEVELS), spaced(RANKED.tolist()), rankings.map_at_k(LEVELS, RANKED, 5)),
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
        ("partial_auc(0.8)", column(POSITIVE), column(SHARE), areas.partial_auc(POSITIVE, TWO, 0.8)),
        ("average_precision", column(POSITIVE), column(SHARE), precisions.average_precision(POSITIVE, TWO)),
        ("micro_auc", columns(SEVERAL), columns(EACH), areas.micro_auc(SEVERAL, EACH)),
        (
            "mean_column_average_precision",
            columns(SEVERAL),
            columns(EACH),
            precisions.mean_column_average_precision(SEVERAL, EACH),
        ),
        ("balanced_log_loss", column(POSITIVE), TWO_CLASSES, log_losses.balanced_log_loss(POSITIVE, TWO)),
        ("balanced_accuracy", column(LEVELS), column(FOUND), labels.balanced_accuracy(LEVELS, FOUND)),
        ("matthews", column(LEVELS), column(FOUND), labels.matthews(LEVELS, FOUND)),
        ("f_beta(2)", column(POSITIVE), column(LEVELS % 2), labels.f_beta(POSITIVE, LEVELS % 2, 2.0)),
        (
            "mean_row_f_beta(2)",
            spaced(places(SEVERAL)),
            spaced(places(EACH > 0.5)),
            sets.mean_row_f_beta(SEVERAL, EACH > 0.5, 2.0),
        ),
        ("top_k_error(3)", column(LEVELS), spaced(RANKED.tolist()), rankings.top_k_error(LEVELS, RANKED, 3)),
        ("top_k_accuracy(3)", column(LEVELS), spaced(RANKED.tolist()), rankings.top_k_accuracy(LEVELS, RANKED, 3)),
        (
            "weighted_mean_column_auc(2, 1, 0.5, 1)",
            columns(SEVERAL),
            columns(EACH),
            areas.mean_column_auc(SEVERAL, EACH, WEIGHTS),
        ),
        ("brier", column(POSITIVE), column(SHARE), squares.brier(POSITIVE, TWO)),
        ("brier", columns(SEVERAL), columns(EACH), squares.brier(SEVERAL, EACH)),
        *(
            (name, class_names(ONE_OF_FOUR), columns(DEALT), score(ONE_OF_FOUR, DEALT))
            for name, score in (
                ("mean_column_auc", areas.mean_column_auc),
                ("mean_column_average_precision", precisions.mean_column_average_precision),
                ("brier", squares.brier),
            )
        ),
        *(
            (name, spaced(places(SEVERAL)), spaced(places(EACH > 0.5)), score(SEVERAL, EACH > 0.5))
            for name, score in (("mean_row_jaccard", sets.mean_row_jaccard), ("exact_match", sets.exact_match))
        ),
        *(
            (name, columns(SEVERAL), columns((EACH > 0.5).astype(int)), score(SEVERAL, EACH > 0.5))
            for name, score in (
                ("multilabel_micro_f1", sets.micro_f1),
                ("multilabel_macro_f1", sets.macro_f1),
                ("mean_row_f_beta(2)", partial(sets.mean_row_f_beta, beta=2.0)),
                ("mean_row_jaccard", sets.mean_row_jaccard),
                ("exact_match", sets.exact_match),
                ("hamming_loss", sets.hamming_loss),
            )
        ),
        *(
            (score.__name__, columns(GAPS), columns(EACH), score(GAPS, EACH))
            for score in (
                values.mse,
                values.mean_column_mae,
                values.median_absolute_error,
                values.mape,
                values.smape,
                correlations.pearson,
                correlations.spearman,
                correlations.concordance,
            )
        ),
        ("rmse", columns(GAPS), columns(EACH), values.rmse(GAPS, EACH)),
        ("rmse(0, 1)", columns(GAPS), columns(EACH), values.rmse(GAPS, EACH)),
        ("mean_column_rmse", columns(GAPS), columns(EACH), values.mean_column_rmse(GAPS, EACH)),
        ("mae", columns(GAPS), columns(EACH), values.mae(GAPS, EACH)),
        ("rmsle", columns(GAPS), columns(EACH), values.rmsle(GAPS, EACH)),
        ("r2", columns(GAPS), columns(EACH), values.r2(GAPS, EACH)),
        (
            "weighted_r2",
            lines(EACH[::-1]).assign(Weight=WEIGHTS_OF_LINES),
            lines(EACH),
            values.weighted_r2(np.ascontiguousarray(EACH[::-1]), EACH, WEIGHTS),
        ),
        (
            "weighted_binary_log_loss",
            lines(SEVERAL).assign(Weight=WEIGHTS_OF_LINES),
            lines(EACH),
            log_losses.binary_log_loss(SEVERAL, EACH, [(one, one) for one in WEIGHTS]),
        ),
        *(
            (
                f"mean_column_{score.__name__}(2, 1, 0.5, 1)",
                columns(TRUE_OF_EACH),
                columns(GUESSED_OF_EACH),
                outputs.mean_over_outputs(
                    TRUE_OF_EACH + FIRST_OF_EACH, GUESSED_OF_EACH + FIRST_OF_EACH, score, (3, 3, 3, 3), WEIGHTS
                ),
            )
            for score in (labels.accuracy, labels.balanced_accuracy, labels.macro_f1)
        ),
        (
            "mean_column_log_loss",
            asked_lines(),
            pd.DataFrame(SHARES_OF_EACH.reshape(-1, 3).astype(str), columns=["0", "1", "2"]),
            log_losses.mean_column_log_loss(LABELS_OF_EACH, SHARES_OF_EACH.reshape(ROWS, 12), (1.0,) * 4, OF_LABEL * 4),
        ),
        (
            "weighted_log_loss",
            column(POSITIVE).assign(Weight=[str(1 + 2 * one) for one in POSITIVE]),
            TWO_CLASSES,
            log_losses.log_loss(POSITIVE, TWO, (1.0, 3.0)),
        ),
        (
            "map_at(3)",
            spaced(places(SEVERAL)),
            spaced((RANKED % 4)[:, :1].tolist()),
            rankings.map_at_k(SEVERAL, RANKED[:, :1] % 4, 3),
        ),
        (
            "map_at(3)",
            spaced(places(SEVERAL)),
            spaced(np.argsort(-EACH, axis=1).tolist()),
            rankings.map_at_k(SEVERAL, np.argsort(-EACH, axis=1), 3),
        ),
        ("kl_divergence", columns(VOTED), columns(DEALT), divergences.kl_divergence(VOTED, DEALT)),
        (
            "global_average_precision",
            column(LEVELS),
            pd.DataFrame({"x": [f"{label} {share}" for label, share in zip(FOUND, SHARE, strict=True)]}),
            rankings.global_average_precision(LEVELS, np.column_stack([FOUND, SHARE])),
        ),
        ("probabilistic_f1", column(POSITIVE), column(SHARE), values.probabilistic_f1(POSITIVE, SHARE, 1.0)),
    ],
)
def test_judge_and_judged_agree(metric: str, answers: pd.DataFrame, predictions: pd.DataFrame, expected: float) -> None:
    assert score_of(metric).value(answers, predictions) == pytest.approx(expected, rel=1e-6)
