"""How the local Kaggle scores probabilities. Each function takes answers and predictions, rows aligned, as text."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from foldline.files.refusal import listed
from foldline.local_kaggle.fields import (
    Unacceptable,
    distributions,
    numbers,
    ones,
    probabilities,
    weights_of_rows,
)

Value = Callable[[pd.DataFrame, pd.DataFrame], float]


def log_loss(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    """Multiclass log loss as scikit-learn clips it (2.2e-16); `answers` is one column of labels or one-hot columns."""
    return float(_surprises(_of_answers(answers, predictions)[1]).mean())


def weighted_log_loss(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    """The same with the answers' column `Weight`: rows of a weight of 2 count twice."""
    _, given = _of_answers(answers.drop(columns="Weight"), predictions)
    return float(np.average(_surprises(given), weights=weights_of_rows(answers)))


def mean_column_log_loss(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    """The mean of that over the answers' column `Column`, which says what a line asks of its row; lines without an
    answer do not count."""
    distributions(predictions)  # also of lines that do not count
    known = (answers.drop(columns=["Weight", "Column"]).iloc[:, 0] != "").to_numpy()
    answers, predictions = answers[known], predictions[known]
    parts = answers.groupby("Column").indices.values()
    scores = [weighted_log_loss(answers.drop(columns="Column").iloc[lines], predictions.iloc[lines]) for lines in parts]
    return float(np.mean(scores))


def kl_divergence(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    """`answers` are shares in columns of the same names; predictions are clipped as Kaggle's own metric does."""
    wanted, given = numbers(answers[list(predictions.columns)]), distributions(predictions)
    given = np.clip(given, 1e-15, 1 - 1e-15)
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.where(wanted > 0, wanted * np.log(wanted / given), 0).sum(axis=1).mean())


def balanced_log_loss(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    """The mean over the classes among the answers of their rows' log loss."""
    names, given = _of_answers(answers, predictions)
    return float(pd.Series(_surprises(given)).groupby(names.to_numpy()).mean().mean())


def binary_log_loss(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    """Of all columns' rows: `answers` are 0 and 1 in columns of the same names."""
    return float(_binary_surprises(answers, predictions).mean())


def weighted_binary_log_loss(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    """The same with the answers' column `Weight`: rows of a weight of 2 count twice."""
    return float(np.average(_binary_surprises(answers, predictions).mean(axis=1), weights=weights_of_rows(answers)))


def auc(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    """The mean of the columns' AUC."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(_two_classes(ones(answers, predictions)), probabilities(predictions)))


def weighted_mean_column_auc(*weights: float) -> Value:
    """The numbers are the weights of the predictions' columns."""

    def value(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
        from sklearn.metrics import roc_auc_score

        wanted, given = _two_classes(ones(answers, predictions)), probabilities(predictions)
        scores = [roc_auc_score(one, guess) for one, guess in zip(wanted.T, given.T, strict=True)]
        return float(np.average(scores, weights=weights))

    return value


def brier(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    """Of all fields."""
    return float(((probabilities(predictions) - ones(answers, predictions)) ** 2).mean())


def micro_auc(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    """Of all fields together."""
    from sklearn.metrics import roc_auc_score

    wanted = _two_classes(ones(answers, predictions).reshape(-1, 1))
    return float(roc_auc_score(wanted[:, 0], probabilities(predictions).ravel()))


def weighted_auc(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    """The area at true-positive rates up to 0.4 counts twice, all divided by 1.4; any numbers will do."""
    from sklearn.metrics import roc_auc_score

    wanted, values = _two_classes(ones(answers, predictions))[:, 0], numbers(predictions)[:, 0]
    whole = roc_auc_score(wanted, values)
    # With the classes exchanged, true-positive rates above 0.4 are false-positive rates below 0.6, of which
    # scikit-learn knows the area, standardised after McClish (1989): undone here.
    standardised = roc_auc_score(~wanted, -values, max_fpr=0.6)
    least, most = 0.6**2 / 2, 0.6
    above = least + (2 * standardised - 1) * (most - least)
    return float((2 * whole - above) / 1.4)


def partial_auc(min_true_positive_rate: float) -> Value:
    """The area above a true-positive rate; any numbers will do."""

    def value(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
        from sklearn.metrics import roc_auc_score

        wanted, values = _two_classes(ones(answers, predictions))[:, 0], numbers(predictions)[:, 0]
        most = 1 - min_true_positive_rate
        # As in weighted_auc: with the classes exchanged it is the area below a false-positive rate.
        standardised = roc_auc_score(~wanted, -values, max_fpr=most)
        least = most**2 / 2
        return float(least + (2 * standardised - 1) * (most - least))

    return value


def average_precision(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    """The mean of the columns' average precision."""
    from sklearn.metrics import average_precision_score

    wanted = ones(answers, predictions)
    if not wanted.any(axis=0).all():
        raise Unacceptable("Evaluation error: A column has no positive answer. Average precision is not defined.")
    return float(average_precision_score(wanted, probabilities(predictions)))


def _of_answers(answers: pd.DataFrame, predictions: pd.DataFrame) -> tuple[pd.Series, np.ndarray]:
    """Each row's class, and the probability that it was given."""
    classes = list(predictions.columns)
    values = distributions(predictions)
    names = answers.iloc[:, 0] if answers.shape[1] == 1 else answers.astype(float).idxmax(axis=1)
    unknown = sorted(set(names) - set(classes))
    if unknown:
        raise Unacceptable(f"Evaluation error: no column for the class {listed(unknown)}")
    return names, values[np.arange(len(names)), [classes.index(str(name)) for name in names]]


def _binary_surprises(answers: pd.DataFrame, predictions: pd.DataFrame) -> np.ndarray:
    values = probabilities(predictions)
    return _surprises(np.where(ones(answers, predictions), values, 1 - values))


def _surprises(of_answer: np.ndarray) -> np.ndarray:
    """As scikit-learn clips them."""
    smallest = np.finfo(float).eps
    return -np.log(np.clip(of_answer, smallest, 1 - smallest))


def _two_classes(wanted: np.ndarray) -> np.ndarray:
    if (wanted.all(axis=0) | ~wanted.any(axis=0)).any():
        raise Unacceptable("Evaluation error: Only one class is present in the answers. AUC is not defined.")
    return wanted
