"""What a lower bound on probabilities costs and saves on a finished run: the table of docs/clipping.md.

python -m benchmarks.clipping    after `make demo`, or `dvc repro` of another competition with one class per row
"""

from pathlib import Path

import numpy as np
from jaxtyping import Float, Integer
from scipy.special import softmax

from benchmarks.page_parts import put
from foldline.cards.target import Target
from foldline.competition.scores.log_losses import log_loss
from foldline.competition.targets import encode
from foldline.predictions.coverage import train_rows
from foldline.predictions.projection import project
from foldline.tables.probabilities import read_probabilities
from foldline.tables.rows import read_rows
from pipelines.running import read_settings, run

PAGE = Path("docs/clipping.md")
BOUNDS = (0, 1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.03, 0.1, 0.3)
"""In multiples of 1/C."""
OVERCONFIDENT = 10
"""What the scores are multiplied with."""

Distributions = Float[np.ndarray, "rows classes"]


def main() -> None:
    settings = read_settings()
    means = read_probabilities(settings.places.ensemble)
    rows = train_rows(read_rows(settings.places.rows), means.out_of_fold_ids)
    targets = encode(rows, means.classes, settings.fact("target", Target))
    as_it_is = np.asarray(means.out_of_fold, np.float64)
    put(PAGE, "curve", curve(settings.slug, targets, as_it_is))


def curve(competition: str, targets: Integer[np.ndarray, " rows"], as_it_is: Distributions) -> str:
    """A line per bound: the log loss of the rows as they are, and of the same rows overconfident."""
    with np.errstate(divide="ignore"):
        overconfident = softmax(OVERCONFIDENT * np.log(as_it_is), axis=1)
    wrong, likeliest = int((as_it_is.argmax(axis=1) != targets).sum()), as_it_is.max(axis=1).mean()
    lines = [
        f"{competition}: {len(targets):,} out-of-fold rows, {as_it_is.shape[1]} classes, {wrong} rows wrong; "
        f"the likeliest class has {likeliest:.3f} on average.",
        "",
        "| lower bound * C | as they are | overconfident |",
        "|---|---|---|",
    ]
    for bound in BOUNDS:
        losses = [bounded_loss(targets, probabilities, bound) for probabilities in (as_it_is, overconfident)]
        lines.append(f"| {bound:.6f}".rstrip("0").rstrip(".") + f" | {losses[0]:.4f} | {losses[1]:.4f} |")
    return "\n".join(lines)


def bounded_loss(targets: Integer[np.ndarray, " rows"], probabilities: Distributions, bound: float) -> float:
    """The log loss with a lower bound of `bound` times 1/C."""
    return log_loss(targets, project(probabilities, bound / probabilities.shape[1], 1.0).astype(np.float32))


if __name__ == "__main__":
    run(main)
