"""How the local Kaggle scores labels, sets and rankings, as text."""

import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd

from foldline.kaggle.local.fields import Unacceptable, labels, lists, numbers, ones

Value = Callable[[pd.DataFrame, pd.DataFrame], float]


def accuracy(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    """The share of rows whose one label is right, as text."""
    wanted, found = labels(answers, predictions)
    return float((wanted == found).mean())


def balanced_accuracy(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    """The mean over the labels among the answers of the share that is right."""
    wanted, found = labels(answers, predictions)
    return float((wanted == found).groupby(wanted).mean().mean())


def macro_f1(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    """Over the labels that are among the answers or the predictions."""
    from sklearn.metrics import f1_score

    wanted, found = labels(answers, predictions)
    return float(f1_score(wanted, found, average="macro"))


def matthews(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    from sklearn.metrics import matthews_corrcoef

    return float(matthews_corrcoef(*labels(answers, predictions)))


def mean_column(score: Value) -> Callable[..., Value]:
    """The mean over the predictions' columns of a score of one label; the numbers are the columns' weights."""

    def weighed(*weights: float) -> Value:
        def value(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
            scores = [score(answers[[column]], predictions[[column]]) for column in predictions]
            return float(np.average(scores, weights=weights))

        return value

    return weighed


def f_beta(beta: float) -> Value:
    """Of the label 1."""

    def value(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
        wanted, found = ones(answers, predictions)[:, 0], numbers(predictions)[:, 0] == 1
        hits = float((wanted & found).sum())
        if not hits:
            return 0.0
        precision, recall = hits / found.sum(), hits / wanted.sum()
        return float((1 + beta**2) * precision * recall / (beta**2 * precision + recall))

    return value


def quadratic_kappa(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    """Of whole numbers, which may be written as 2.0."""
    from sklearn.metrics import cohen_kappa_score

    wanted, found = numbers(answers)[:, 0], numbers(predictions)[:, 0]
    if (found != found.round()).any():
        raise Unacceptable(f"Evaluation error: labels must be whole numbers, found {found[found != found.round()][0]}")
    return float(cohen_kappa_score(wanted.astype(int), found.astype(int), weights="quadratic"))


def multilabel_micro_f1(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    return _f_beta_of_sets(answers, predictions, "micro", 1.0)


def multilabel_macro_f1(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    return _f_beta_of_sets(answers, predictions, "macro", 1.0)


def mean_row_f_beta(beta: float) -> Value:
    """The mean over rows of their set's F-beta."""
    return lambda answers, predictions: _f_beta_of_sets(answers, predictions, "samples", beta)


def map_at(k: float) -> Value:
    """Mean average precision of the first k labels; the answers that are right stand with a space between."""

    def value(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
        pairs = zip(answers.iloc[:, 0], _rankings(predictions, int(k)), strict=True)
        return float(np.mean([_average_precision(set(right.split()), ranking, int(k)) for right, ranking in pairs]))

    return value


def _average_precision(right: set[str], ranking: list[str], k: int) -> float:
    hits, total = 0, 0.0
    for place, name in enumerate(ranking, 1):
        if name in right and name not in ranking[: place - 1]:
            hits += 1
            total += hits / place
    return total / min(len(right), k) if right else 0.0


def global_average_precision(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    """Of `label confidence` in one field, by falling confidence; a row without an answer counts as wrong, and not among
    those that are to be found."""
    fields = predictions.iloc[:, 0].str.split(n=1, expand=True)
    confidences = pd.to_numeric(fields[1], errors="coerce") if 1 in fields else pd.Series(np.nan, index=fields.index)
    if confidences.isna().any():
        raise Unacceptable(f"Evaluation error: {int(confidences.isna().sum())} rows are no label and confidence")
    wanted = answers.iloc[:, 0]
    order = np.argsort(-confidences.to_numpy(), kind="stable")
    hits = ((fields[0] == wanted) & (wanted != "")).to_numpy()[order]
    return float(sum(hits[: place + 1].mean() for place in np.flatnonzero(hits)) / (wanted != "").sum())


def top_k_error(k: float) -> Value:
    """The share of rows whose label is not among the first k."""

    def value(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
        pairs = zip(answers.iloc[:, 0], _rankings(predictions, int(k)), strict=True)
        return float(np.mean([name not in ranking for name, ranking in pairs]))

    return value


def _rankings(predictions: pd.DataFrame, k: int) -> list[list[str]]:
    blank = predictions.iloc[:, 0].str.strip() == ""
    if blank.any():
        raise Unacceptable(f"Evaluation error: {int(blank.sum())} rows have no label")
    return [text.split()[:k] for text in predictions.iloc[:, 0]]


def _f_beta_of_sets(answers: pd.DataFrame, predictions: pd.DataFrame, average: str, beta: float) -> float:
    from sklearn.exceptions import UndefinedMetricWarning
    from sklearn.metrics import fbeta_score
    from sklearn.preprocessing import MultiLabelBinarizer

    wanted, found = [text.split() for text in answers.iloc[:, 0]], lists(predictions)
    indicators = MultiLabelBinarizer().fit_transform([*wanted, *found])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)  # a label that is nowhere counts 0
        return float(fbeta_score(indicators[: len(wanted)], indicators[len(wanted) :], beta=beta, average=average))
