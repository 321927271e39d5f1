"""How the local Kaggle scores: written apart from `foldline.competition`, so that the judge is not the judged.

A further metric is one function from answers and predictions (rows aligned, text as the csv holds it) to a number,
and one line in SCORES. scikit-learn is imported where it scores: a server starts for every stage that downloads.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from foldline.kaggle.local.fields import Unacceptable, distributions, labels, lists, numbers, probabilities
from foldline.refusal import listed


@dataclass(frozen=True)
class Score:
    """`value(answers, predictions)`: one table of the answers' columns, one of the sample submission's."""

    value: Callable[[pd.DataFrame, pd.DataFrame], float]
    higher_is_better: bool


def log_loss(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    """Multiclass log loss as scikit-learn clips it (2.2e-16); `answers` is one column of labels or one-hot columns."""
    classes = list(predictions.columns)
    values = distributions(predictions)
    names = answers.iloc[:, 0] if answers.shape[1] == 1 else answers.astype(float).idxmax(axis=1)
    unknown = sorted(set(names) - set(classes))
    if unknown:
        raise Unacceptable(f"Evaluation error: no column for the class {listed(unknown)}")
    return _surprise(values[np.arange(len(names)), [classes.index(str(name)) for name in names]])


def binary_log_loss(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    """Of all columns' rows: `answers` are 0 and 1 in columns of the same names."""
    values, wanted = probabilities(predictions), _ones(answers, predictions)
    return _surprise(np.where(wanted, values, 1 - values))


def auc(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    """The mean of the columns' AUC."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(_two_classes(_ones(answers, predictions)), probabilities(predictions)))


def weighted_auc(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    """The area at true-positive rates up to 0.4 counts twice, all divided by 1.4; any numbers will do."""
    from sklearn.metrics import roc_auc_score

    wanted, values = _two_classes(_ones(answers, predictions))[:, 0], numbers(predictions)[:, 0]
    whole = roc_auc_score(wanted, values)
    # With the classes exchanged, true-positive rates above 0.4 are false-positive rates below 0.6, of which
    # scikit-learn knows the area, standardised after McClish (1989): undone here.
    standardised = roc_auc_score(~wanted, -values, max_fpr=0.6)
    least, most = 0.6**2 / 2, 0.6
    above = least + (2 * standardised - 1) * (most - least)
    return float((2 * whole - above) / 1.4)


def accuracy(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    """The share of rows whose one label is right, as text."""
    wanted, found = labels(answers, predictions)
    return float((wanted == found).mean())


def macro_f1(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    """Over the labels that are among the answers or the predictions."""
    from sklearn.metrics import f1_score

    wanted, found = labels(answers, predictions)
    return float(f1_score(wanted, found, average="macro"))


def quadratic_kappa(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    """Of whole numbers, which may be written as 2.0."""
    from sklearn.metrics import cohen_kappa_score

    wanted, found = numbers(answers)[:, 0], numbers(predictions)[:, 0]
    if (found != found.round()).any():
        raise Unacceptable(f"Evaluation error: labels must be whole numbers, found {found[found != found.round()][0]}")
    return float(cohen_kappa_score(wanted.astype(int), found.astype(int), weights="quadratic"))


def multilabel_micro_f1(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    return _f1_of_sets(answers, predictions, "micro")


def multilabel_macro_f1(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    return _f1_of_sets(answers, predictions, "macro")


def map_at(k: int) -> Callable[[pd.DataFrame, pd.DataFrame], float]:
    """Mean average precision of the first k labels, one of which is right."""

    def value(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
        blank = predictions.iloc[:, 0].str.strip() == ""
        if blank.any():
            raise Unacceptable(f"Evaluation error: {int(blank.sum())} rows have no label")
        rankings = [text.split()[:k] for text in predictions.iloc[:, 0]]
        pairs = zip(answers.iloc[:, 0], rankings, strict=True)
        return float(np.mean([1 / (1 + ranking.index(name)) if name in ranking else 0 for name, ranking in pairs]))

    return value


def rmse(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    from sklearn.metrics import root_mean_squared_error

    return float(root_mean_squared_error(numbers(answers)[:, 0], numbers(predictions)[:, 0]))


def probabilistic_f1(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    """2 PR / (P + R) with sums of probabilities in the place of counts; where a value is NaN, a valid 0."""
    wanted = _ones(answers, predictions)[:, 0]
    values = predictions.iloc[:, 0].apply(pd.to_numeric, errors="coerce").clip(0, 1).to_numpy(dtype=float)
    hits, false_hits = values[wanted].sum(), values[~wanted].sum()
    if not hits > 0 or np.isnan(false_hits):
        return 0.0
    precision, recall = hits / (hits + false_hits), hits / wanted.sum()
    return float(2 * precision * recall / (precision + recall))


SCORES = {
    "accuracy": Score(accuracy, higher_is_better=True),
    "auc": Score(auc, higher_is_better=True),
    "binary_log_loss": Score(binary_log_loss, higher_is_better=False),
    "log_loss": Score(log_loss, higher_is_better=False),
    "macro_f1": Score(macro_f1, higher_is_better=True),
    "map_at_3": Score(map_at(3), higher_is_better=True),
    "map_at_5": Score(map_at(5), higher_is_better=True),
    "mean_column_auc": Score(auc, higher_is_better=True),
    "multilabel_macro_f1": Score(multilabel_macro_f1, higher_is_better=True),
    "multilabel_micro_f1": Score(multilabel_micro_f1, higher_is_better=True),
    "probabilistic_f1": Score(probabilistic_f1, higher_is_better=True),
    "quadratic_kappa": Score(quadratic_kappa, higher_is_better=True),
    "rmse": Score(rmse, higher_is_better=False),
    "weighted_auc": Score(weighted_auc, higher_is_better=True),
}


def _surprise(of_answer: np.ndarray) -> float:
    smallest = np.finfo(float).eps
    return float(-np.log(np.clip(of_answer, smallest, 1 - smallest)).mean())


def _ones(answers: pd.DataFrame, predictions: pd.DataFrame) -> np.ndarray:
    """rows x columns: whether the answer is 1; the answers' columns as the predictions have them."""
    columns = answers if answers.shape[1] == 1 else answers[list(predictions.columns)]
    return numbers(columns) == 1


def _two_classes(ones: np.ndarray) -> np.ndarray:
    if (ones.all(axis=0) | ~ones.any(axis=0)).any():
        raise Unacceptable("Evaluation error: Only one class is present in the answers. AUC is not defined.")
    return ones


def _f1_of_sets(answers: pd.DataFrame, predictions: pd.DataFrame, average: str) -> float:
    from sklearn.exceptions import UndefinedMetricWarning
    from sklearn.metrics import f1_score
    from sklearn.preprocessing import MultiLabelBinarizer

    wanted, found = [text.split() for text in answers.iloc[:, 0]], lists(predictions)
    indicators = MultiLabelBinarizer().fit_transform([*wanted, *found])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)  # a label that is nowhere counts 0
        return float(f1_score(indicators[: len(wanted)], indicators[len(wanted) :], average=average))
