"""How the local Kaggle scores: written apart from `foldline.competition`, so that the judge is not the judged.

A further metric is one function from answers and predictions (rows aligned, text as the csv holds it) to a number,
and one line here. scikit-learn is imported where it scores: a server starts for every stage that downloads.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from foldline.files.refusal import Refusal, listed
from foldline.local_kaggle import label_scores, number_scores, probability_scores, set_scores

CALL = re.compile(r"(?P<name>\w+)\((?P<numbers>[^()]*)\)")


@dataclass(frozen=True)
class Score:
    """`value(answers, predictions)`: one table of the answers' columns, one of the sample submission's."""

    value: Callable[[pd.DataFrame, pd.DataFrame], float]
    higher_is_better: bool


HIGHER: Mapping[str, Callable[[pd.DataFrame, pd.DataFrame], float]] = {
    "accuracy": label_scores.accuracy,
    "auc": probability_scores.auc,
    "average_precision": probability_scores.average_precision,
    "balanced_accuracy": label_scores.balanced_accuracy,
    "cohen_kappa": label_scores.cohen_kappa,
    "concordance": number_scores.concordance,
    "exact_match": set_scores.exact_match,
    "global_average_precision": label_scores.global_average_precision,
    "linear_kappa": label_scores.kappa_of_levels("linear"),
    "macro_f1": label_scores.macro_f1,
    "matthews": label_scores.matthews,
    "mean_column_auc": probability_scores.auc,
    "mean_column_average_precision": probability_scores.average_precision,
    "mean_row_jaccard": set_scores.mean_row_jaccard,
    "micro_auc": probability_scores.micro_auc,
    "multilabel_macro_f1": set_scores.multilabel_macro_f1,
    "multilabel_micro_f1": set_scores.multilabel_micro_f1,
    "pearson": number_scores.correlation("pearson"),
    "probabilistic_f1": number_scores.probabilistic_f1,
    "quadratic_kappa": label_scores.kappa_of_levels("quadratic"),
    "r2": number_scores.r2,
    "spearman": number_scores.correlation("spearman"),
    "weighted_auc": probability_scores.weighted_auc,
    "weighted_f1": label_scores.weighted_f1,
    "weighted_r2": number_scores.weighted_r2,
}
LOWER: Mapping[str, Callable[[pd.DataFrame, pd.DataFrame], float]] = {
    "balanced_log_loss": probability_scores.balanced_log_loss,
    "binary_log_loss": probability_scores.binary_log_loss,
    "brier": probability_scores.brier,
    "hamming_loss": set_scores.hamming_loss,
    "kl_divergence": probability_scores.kl_divergence,
    "log_loss": probability_scores.log_loss,
    "mae": number_scores.mae,
    "mape": number_scores.mape,
    "mean_column_log_loss": probability_scores.mean_column_log_loss,
    "mean_column_mae": number_scores.mean_column_mae,
    "mean_column_rmse": number_scores.mean_column_rmse,
    "median_absolute_error": number_scores.median_absolute_error,
    "mse": number_scores.mse,
    "rmse": number_scores.rmse(),
    "rmsle": number_scores.rmsle,
    "smape": number_scores.smape,
    "weighted_binary_log_loss": probability_scores.weighted_binary_log_loss,
    "weighted_log_loss": probability_scores.weighted_log_loss,
}
SCORES = {name: Score(value, name in HIGHER) for name, value in (HIGHER | LOWER).items()}
WITH_NUMBERS: Mapping[str, tuple[Callable[..., Callable[[pd.DataFrame, pd.DataFrame], float]], bool]] = {
    "f_beta": (label_scores.f_beta, True),
    "map_at": (label_scores.map_at, True),
    "mean_column_accuracy": (label_scores.mean_column(label_scores.accuracy), True),
    "mean_column_balanced_accuracy": (label_scores.mean_column(label_scores.balanced_accuracy), True),
    "mean_column_macro_f1": (label_scores.mean_column(label_scores.macro_f1), True),
    "mean_row_f_beta": (set_scores.mean_row_f_beta, True),
    "partial_auc": (probability_scores.partial_auc, True),
    "rmse": (number_scores.rmse, False),
    "top_k_accuracy": (label_scores.top_k_accuracy, True),
    "top_k_error": (label_scores.top_k_error, False),
    "weighted_mean_column_auc": (probability_scores.weighted_mean_column_auc, True),
}
"""By name: from the numbers in brackets to a function, and whether higher is better."""
EXAMPLES = (
    "f_beta(2)",
    "map_at(5)",
    "mean_column_balanced_accuracy(2, 1, 1)",
    "mean_row_f_beta(2)",
    "partial_auc(0.8)",
    "rmse(1, 100)",
    "top_k_accuracy(5)",
    "top_k_error(5)",
    "weighted_mean_column_auc(13, 1, 1)",
)


def score_of(metric: str) -> Score:
    """By its name, with numbers where it takes some: `map_at(5)`. Raises Refusal for another one."""
    if metric in SCORES:
        return SCORES[metric]
    call = CALL.fullmatch(metric)
    if call is not None and call["name"] in WITH_NUMBERS:
        build, higher_is_better = WITH_NUMBERS[call["name"]]
        try:
            return Score(build(*map(float, call["numbers"].split(","))), higher_is_better)
        except (ValueError, TypeError):  # no numbers, or not as many as it takes
            pass
    raise Refusal(f"`metric` is {metric!r}. Valid: {listed([*sorted(SCORES), *EXAMPLES], 60)}.")
