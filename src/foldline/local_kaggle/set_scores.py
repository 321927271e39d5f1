"""How the local Kaggle scores sets of labels: lists in one column, as text, or a column of 0 and 1 for each label."""

import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd

from foldline.local_kaggle.fields import Unacceptable, lists, ones, zeros_and_ones

Value = Callable[[pd.DataFrame, pd.DataFrame], float]


def multilabel_micro_f1(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    return _f_beta_of_sets(answers, predictions, "micro", 1.0)


def multilabel_macro_f1(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    return _f_beta_of_sets(answers, predictions, "macro", 1.0)


def mean_row_f_beta(beta: float) -> Value:
    """The mean over rows of their set's F-beta."""
    return lambda answers, predictions: _f_beta_of_sets(answers, predictions, "samples", beta)


def mean_row_jaccard(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    from sklearn.exceptions import UndefinedMetricWarning
    from sklearn.metrics import jaccard_score

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)  # two empty sets count 0
        return float(jaccard_score(*_indicators(answers, predictions), average="samples"))


def exact_match(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    """The share of rows whose whole set is right."""
    from sklearn.metrics import accuracy_score

    return float(accuracy_score(*_indicators(answers, predictions)))


def hamming_loss(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    """Of columns alone: a list does not say how many labels there could be."""
    if predictions.shape[1] == 1:
        raise Unacceptable("Evaluation error: hamming_loss takes a column for each label")
    wanted, found = _indicators(answers, predictions)
    return float((wanted != found).mean())


def _f_beta_of_sets(answers: pd.DataFrame, predictions: pd.DataFrame, average: str, beta: float) -> float:
    from sklearn.exceptions import UndefinedMetricWarning
    from sklearn.metrics import fbeta_score

    wanted, found = _indicators(answers, predictions)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)  # a label that is nowhere counts 0
        return float(fbeta_score(wanted, found, beta=beta, average=average))


def _indicators(answers: pd.DataFrame, predictions: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Both as rows x labels."""
    from sklearn.preprocessing import MultiLabelBinarizer

    if predictions.shape[1] > 1:
        return ones(answers, predictions).astype(int), zeros_and_ones(predictions)
    wanted, found = [text.split() for text in answers.iloc[:, 0]], lists(predictions)
    indicators = MultiLabelBinarizer().fit_transform([*wanted, *found])
    return indicators[: len(wanted)], indicators[len(wanted) :]
