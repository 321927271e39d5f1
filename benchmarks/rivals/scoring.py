"""What held-back rows say of a contender's predictions."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float64, Integer
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

Targets = Integer[np.ndarray, " rows"]
Probabilities = Float64[np.ndarray, "rows classes"]
LEAST = 1e-15
"""What a probability counts as at least."""


def log_loss(targets: Targets, probabilities: Probabilities) -> float:
    return float(-np.log(np.maximum(probabilities[np.arange(len(targets)), targets], LEAST)).mean())


def accuracy(targets: Targets, probabilities: Probabilities) -> float:
    return float((probabilities.argmax(axis=1) == targets).mean())


def tempered(targets: Targets, probabilities: Probabilities) -> Probabilities:
    """Even rows with the temperature that fits the odd ones best, and the other way round: no row sees its own target.
    It stands for the temperature that out-of-fold rows ask for, which are other rows of the same kind."""
    scores = np.log(np.maximum(probabilities, LEAST))
    halves = np.arange(len(targets)) % 2
    result = np.empty_like(probabilities)
    for half in (0, 1):
        own, other = halves == half, halves != half
        result[own] = at(fitted(targets[other], scores[other]), scores[own])
    return result


def at(temperature: float, scores: Float64[np.ndarray, "rows classes"]) -> Probabilities:
    return np.exp(log_softmax(scores / temperature, axis=1))


def fitted(targets: Targets, scores: Float64[np.ndarray, "rows classes"]) -> float:
    """The temperature, between 1/20 and 20, with the least log loss."""

    def loss(log_temperature: float) -> float:
        return log_loss(targets, at(float(np.exp(log_temperature)), scores))

    limit = float(np.log(20))
    return float(np.exp(minimize_scalar(loss, bounds=(-limit, limit), method="bounded").x))  # type: ignore[attr-defined]


def scored(targets: Targets, predictions: Mapping[str, Probabilities]) -> dict[str, tuple[float, float]]:
    """Log loss and accuracy of each way to predict. `predictions`: `plain`, `flipped`, and whatever else there is."""
    both = (predictions["plain"] + predictions["flipped"]) / 2
    others = {name: made for name, made in predictions.items() if name not in ("plain", "flipped")}
    ways = {"one view": predictions["plain"], "with the flip": both, "tempered": tempered(targets, both), **others}
    return {way: (log_loss(targets, made), accuracy(targets, made)) for way, made in ways.items()}


COLUMNS = ("one view", "with the flip", "tempered", "tta")


def table(results: Sequence[Mapping]) -> list[str]:
    """A row per training: its scores, its processor seconds, and images per processor second."""
    lines = [f"| Contender | Epochs | {' | '.join(COLUMNS)} | CPU seconds | images per CPU second |"]
    lines.append("|---" * (len(COLUMNS) + 4) + "|")
    for one in results:
        cells = [cell(one["scores"].get(way)) for way in COLUMNS]
        seconds = sum(turn["seconds"] for turn in one["turns"])
        rate = sum(turn["images"] for turn in one["turns"]) / seconds
        lines.append(f"| {one['contender']} | {one['epochs']} | {' | '.join(cells)} | {seconds:.0f} | {rate:.1f} |")
    return lines


def cell(score: Sequence[float] | None) -> str:
    return "" if score is None else f"{score[0]:.4f}, {score[1]:.1%}"
