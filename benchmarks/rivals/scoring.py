"""What held-back rows say of a contender's predictions."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float64, Integer

from foldline.ensembling.chain import FitData, fit_nested
from foldline.ensembling.clipping import Clip
from foldline.ensembling.ensembling import Ensemble
from foldline.ensembling.forms import Distribution
from foldline.ensembling.scales import Inputs, OfLogProbabilities, Scale, stored_scale
from foldline.ensembling.scoring import Scorer
from foldline.ensembling.steps import Context, Step
from foldline.metrics.decisions.likeliest import MostProbable
from foldline.metrics.kinds.of_probabilities import LogLoss
from foldline.params.section import parse
from foldline.params.yaml_files import read_yaml
from pipelines.doctor import RECIPE

Targets = Integer[np.ndarray, " rows"]
Probabilities = Float64[np.ndarray, "rows classes"]
LEAST = 1e-15
"""What a probability counts as at least."""
FOLDS = 5
POST_PROCESSED = "post-processed"
FORM = Distribution(kind="distribution")
SCORER = Scorer(LogLoss(kind="log_loss"), MostProbable(kind="most_probable"))
TEMPERATURE = parse(read_yaml(RECIPE)["ensemble"], Ensemble, "ensemble").temperature
BOUNDS = parse(read_yaml(RECIPE)["clip"], Clip, "clip").bounds


def log_loss(targets: Targets, probabilities: Probabilities) -> float:
    return float(-np.log(np.maximum(probabilities[np.arange(len(targets)), targets], LEAST)).mean())


def accuracy(targets: Targets, probabilities: Probabilities) -> float:
    return float((probabilities.argmax(axis=1) == targets).mean())


def post_processed(targets: Targets, probabilities: Probabilities) -> Probabilities:
    """As the first experiment's `ensemble` and `clip` end: each row with the temperature and the bounds that were
    fitted, and decided on, without its fold. The rows held back stand for those out of fold, which are other rows of
    the same kind."""
    log_scale = OfLogProbabilities(FORM)
    (scores,) = without_own_fold(TEMPERATURE, log_scale, (np.log(np.maximum(probabilities, LEAST)),), targets)
    (bounded,) = without_own_fold(
        BOUNDS, stored_scale(FORM, scores.shape[1]), (log_scale.predictions(scores),), targets
    )
    return bounded.astype(np.float64)


def without_own_fold(step: Step, scale: Scale, inputs: Inputs, targets: Targets) -> Inputs:
    rows = np.arange(len(targets))
    context = Context(scale, SCORER, inputs[0].shape[1])
    nested = fit_nested([step.on(context)], FitData(inputs, targets, rows % FOLDS, clusters=rows), step.name)
    return nested.cross_fitted(rows % FOLDS, lambda _, those: tuple(one[those] for one in inputs))


def scored(targets: Targets, predictions: Mapping[str, Probabilities]) -> dict[str, tuple[float, float]]:
    """Log loss and accuracy of each way to predict. `predictions`: `plain`, `flipped`, and whatever else there is."""
    both = (predictions["plain"] + predictions["flipped"]) / 2
    others = {name: made for name, made in predictions.items() if name not in ("plain", "flipped")}
    ways = {
        "one view": predictions["plain"],
        "with the flip": both,
        POST_PROCESSED: post_processed(targets, both),
        **others,
    }
    return {way: (log_loss(targets, made), accuracy(targets, made)) for way, made in ways.items()}


COLUMNS = ("one view", "with the flip", POST_PROCESSED, "tta")


def table(results: Sequence[Mapping]) -> list[str]:
    """A row per training: its scores, its processor seconds, and images per processor second."""
    lines = [f"| Contender | Epochs | Seed | {' | '.join(COLUMNS)} | CPU seconds | images per CPU second |"]
    lines.append("|---" * (len(COLUMNS) + 5) + "|")
    for one in results:
        cells = [cell(one["scores"].get(way)) for way in COLUMNS]
        seconds = sum(turn["seconds"] for turn in one["turns"])
        rate = sum(turn["images"] for turn in one["turns"]) / seconds
        start = " | ".join(str(one[key]) for key in ("contender", "epochs", "seed"))
        lines.append(f"| {start} | {' | '.join(cells)} | {seconds:.0f} | {rate:.1f} |")
    return lines


def cell(score: Sequence[float] | None) -> str:
    return "" if score is None else f"{score[0]:.4f}, {score[1]:.1%}"
