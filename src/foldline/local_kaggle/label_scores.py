"""How the local Kaggle scores labels and rankings, as text."""

from collections.abc import Callable
from typing import Literal

import numpy as np
import pandas as pd

from foldline.local_kaggle.fields import Unacceptable, labels, numbers, ones

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


def weighted_f1(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    """Each label by its share of the answers."""
    from sklearn.metrics import f1_score

    wanted, found = labels(answers, predictions)
    return float(f1_score(wanted, found, average="weighted"))


def cohen_kappa(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
    from sklearn.metrics import cohen_kappa_score

    return float(cohen_kappa_score(*labels(answers, predictions)))


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


def kappa_of_levels(weights: Literal["linear", "quadratic"]) -> Value:
    """Of whole numbers, which may be written as 2.0."""

    def value(answers: pd.DataFrame, predictions: pd.DataFrame) -> float:
        from sklearn.metrics import cohen_kappa_score

        wanted, found = numbers(answers)[:, 0], numbers(predictions)[:, 0]
        if (found != found.round()).any():
            other = found[found != found.round()][0]
            raise Unacceptable(f"Evaluation error: labels must be whole numbers, found {other}")
        return float(cohen_kappa_score(wanted.astype(int), found.astype(int), weights=weights))

    return value


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


def top_k_accuracy(k: float) -> Value:
    """The share of rows whose label is among the first k."""
    return lambda answers, predictions: 1 - top_k_error(k)(answers, predictions)


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
