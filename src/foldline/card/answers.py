"""Which metric fits which target, and which form of submission fits either."""

from collections.abc import Iterator, Mapping, Sequence

from foldline.card.card import Card
from foldline.card.submission import FORMS
from foldline.card.target import Columns, Multilabel, MultiOutput, OneHot, Regression, target_columns
from foldline.files.places import card_file
from foldline.files.refusal import Refusal, listed
from foldline.metrics.answers import Answer

Fits = tuple[tuple[str, ...], tuple[Answer, ...]]

ONE_LABEL = ("binary", "multiclass", "ordinal")
OF_ORDER: Fits = (("binary",), ("numbers", "probabilities"))
OF_COLUMNS: Fits = (("multilabel",), ("probabilities",))
OF_EACH_CLASS: Fits = (("multilabel", "multiclass", "ordinal"), ("probabilities",))
OF_LABELS: Fits = ((*ONE_LABEL, "open_set"), ("labels",))
OF_SEVERAL_LABELS: Fits = (("multioutput",), ("labels",))
OF_LEVELS: Fits = (("ordinal",), ("labels",))
OF_SETS: Fits = (("multilabel",), ("sets",))
OF_RANKINGS: Fits = (("ranked",), ("rankings",))
OF_NUMBERS: Fits = (("regression",), ("numbers",))
# By metric: the kinds of target that it scores, and the answers that it scores, which a form of submission holds.
FITS_OF_METRIC: Mapping[str, Fits] = {
    "auc": OF_ORDER,
    "weighted_auc": OF_ORDER,
    "partial_auc": OF_ORDER,
    "average_precision": OF_ORDER,
    "mean_column_auc": OF_EACH_CLASS,
    "weighted_mean_column_auc": OF_EACH_CLASS,
    "micro_auc": OF_COLUMNS,
    "mean_column_average_precision": OF_EACH_CLASS,
    "brier": ((*ONE_LABEL, "multilabel"), ("numbers", "probabilities")),
    "binary_log_loss": (("binary", "multilabel"), ("numbers", "probabilities")),
    "weighted_binary_log_loss": OF_COLUMNS,
    "log_loss": (ONE_LABEL, ("probabilities",)),
    "weighted_log_loss": (ONE_LABEL, ("probabilities",)),
    "mean_column_log_loss": (("multioutput",), ("column_probabilities",)),
    "balanced_log_loss": (ONE_LABEL, ("probabilities",)),
    "kl_divergence": (("shares",), ("probabilities",)),
    "accuracy": OF_LABELS,
    "balanced_accuracy": OF_LABELS,
    "macro_f1": OF_LABELS,
    "weighted_f1": OF_LABELS,
    "matthews": OF_LABELS,
    "cohen_kappa": OF_LABELS,
    "mean_column_accuracy": OF_SEVERAL_LABELS,
    "mean_column_balanced_accuracy": OF_SEVERAL_LABELS,
    "mean_column_macro_f1": OF_SEVERAL_LABELS,
    "f_beta": (("binary",), ("labels",)),
    "multilabel_micro_f1": OF_SETS,
    "multilabel_macro_f1": OF_SETS,
    "mean_row_f_beta": OF_SETS,
    "mean_row_jaccard": OF_SETS,
    "exact_match": OF_SETS,
    "hamming_loss": OF_SETS,
    "map_at_k": (("ranked", "multilabel"), ("rankings",)),
    "top_k_error": OF_RANKINGS,
    "top_k_accuracy": OF_RANKINGS,
    "global_average_precision": (("multiclass",), ("confident_labels",)),
    "quadratic_kappa": OF_LEVELS,
    "linear_kappa": OF_LEVELS,
    "rmse": OF_NUMBERS,
    "mean_column_rmse": OF_NUMBERS,
    "mse": OF_NUMBERS,
    "mae": OF_NUMBERS,
    "mean_column_mae": OF_NUMBERS,
    "median_absolute_error": OF_NUMBERS,
    "mape": OF_NUMBERS,
    "smape": OF_NUMBERS,
    "rmsle": OF_NUMBERS,
    "pearson": OF_NUMBERS,
    "spearman": OF_NUMBERS,
    "concordance": OF_NUMBERS,
    "r2": OF_NUMBERS,
    "weighted_r2": OF_NUMBERS,
    "probabilistic_f1": (("binary",), ("numbers",)),
}


def refuse_unscorable_card(card: Card) -> None:
    """Raises Refusal with one line per conflict between the card's own sections."""
    conflicts = list(unscorable(card))
    if conflicts:
        raise Refusal("\n".join(conflicts))


def unscorable(card: Card) -> Iterator[str]:
    """A line per conflict between the card's own sections."""
    yield from (f"{card_file(card.slug)}: {conflict}" for conflict in _conflicts(card))


def _conflicts(card: Card) -> Iterator[str]:
    target, metric, form = card.target.kind, card.metric.kind, card.submission.kind
    targets, answers = FITS_OF_METRIC[metric]
    if target not in targets:
        fitting = [name for name, (kinds, _) in FITS_OF_METRIC.items() if target in kinds]
        yield (
            f"the metric `{metric}` scores targets of kind {listed(targets)}, but `target.kind` is "
            f"`{target}`, which {listed(fitting, 20)} {'scores' if len(fitting) == 1 else 'score'}."
        )
    if not card.submission.takes(card.target):
        taking = [name for name, other in FORMS.items() if other.takes(card.target)]
        yield (f"`submission.kind` is `{form}`, but a target of kind `{target}` is submitted as {listed(taking)}.")
    if not _holds(card.submission.answers, answers):
        holding = {name: other for name, other in FORMS.items() if _holds(other.answers, answers)}
        taking = [name for name, other in holding.items() if other.takes(card.target)]
        scoring = [name for name, (kinds, _) in FITS_OF_METRIC.items() if target in kinds]
        scoring = [name for name in scoring if _holds(card.submission.answers, FITS_OF_METRIC[name][1])]
        yield (
            f"`submission.kind` is `{form}`, but the metric `{metric}` scores a submission of kind "
            f"{listed(taking or holding)}. A target of kind `{target}` that is submitted as `{form}` is scored by "
            f"{listed(scoring if card.submission.takes(card.target) else (), 20)}."
        )
    yield from _answers_in_ids(card)
    yield from _answers_as_groups(card)
    yield from _unnamed(card)
    yield from _other_length(card)
    yield from _unknown_weights(card)


def _holds(held: Sequence[Answer], scored: Sequence[Answer]) -> bool:
    return not set(held).isdisjoint(scored)


def _answers_in_ids(card: Card) -> Iterator[str]:
    for fact, column in target_columns(card.target):
        if any(part.id == column for part in card.layout.train) and fact.endswith(".column"):
            yield (
                f"`{fact}` and `layout.train.id` both name `{column}`: then each label would be one "
                "row. Name the column of the labels, and that of the ids."
            )


def _answers_as_groups(card: Card) -> Iterator[str]:
    for fact, column in target_columns(card.target):
        if card.target.group == column:
            yield (
                f"`{fact}` and `target.group` both name `{column}`: then each class would lie in one "
                "fold, and no model would know the classes that it is judged on. Name what rows of the test set are "
                "not of (a patient, a place) as the group, or null."
            )


def _unnamed(card: Card) -> Iterator[str]:
    if card.target.nameless() and card.submission.names_classes:
        yield (
            f"`submission.kind` is `{card.submission.kind}`, which needs both labels' names, but one "
            "of `target.negative` and `target.positive` is null."
        )


def _other_length(card: Card) -> Iterator[str]:
    scored, length = getattr(card.metric, "k", None), card.submission.most_answers()
    if scored is not None and length is not None and scored != length:
        yield f"`metric.k` is {scored}, but `submission.length` is {length}: make them equal."


def _unknown_weights(card: Card) -> Iterator[str]:
    """Where the card itself names the classes; else the doctor finds out."""
    target = card.target
    parts = target.labels if isinstance(target, Multilabel) else None
    parts = target.values if isinstance(target, Regression) else parts
    parts = target if isinstance(target, MultiOutput) else parts
    weights = getattr(card.metric, "weights", None)
    if isinstance(weights, Mapping) and isinstance(parts, OneHot | Columns | MultiOutput):
        unknown = [name for name in weights if name not in parts.columns]
        if unknown:
            yield (
                f"`metric.weights` names {listed(unknown)}, which is no column of the target. "
                f"Valid: {listed(parts.columns, 40)}."
            )
