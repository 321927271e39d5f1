"""What a lower bound on probabilities costs and saves on a finished run: the table of docs/clipping.md.

python -m benchmarks.clipping    after `make demo`, or `dvc repro` of another competition with one class per row
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import vl_convert
from jaxtyping import Float, Integer
from scipy.special import softmax

from benchmarks.page_parts import put
from foldline.ensembling.predictions import read_predictions
from foldline.ensembling.projection import projections
from foldline.files.rows import positions_of, read_rows, read_targets
from foldline.files.whole_files import whole_file
from foldline.metrics.kinds.of_probabilities import LogLoss
from pipelines.running import read_settings, run

PAGE, CHART = Path("docs/clipping.md"), Path("docs/clipping.png")
# In multiples of 1/C.
BOUNDS = (0.0, 1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.03, 0.1, 0.3)
DRAWN_BOUNDS = np.geomspace(1e-6, 0.5, 58)
OVERCONFIDENT = 10
"""What the scores are multiplied with."""

Targets = Integer[np.ndarray, " rows"]
Distributions = Float[np.ndarray, "rows classes"]


def main() -> None:
    settings = read_settings()
    means = read_predictions(settings.places.ensemble)
    rows = read_rows(settings.places.rows)
    targets = read_targets(settings.places.targets, rows, means.classes)[positions_of(rows, means.out_of_fold_ids)]
    as_it_is = np.asarray(means.out_of_fold, np.float64)
    with np.errstate(divide="ignore"):
        overconfident = softmax(OVERCONFIDENT * np.log(as_it_is), axis=1)
    curves = {"as they are": as_it_is, "overconfident": overconfident}
    told = described(settings.slug, targets, as_it_is)
    put(PAGE, "curve", "\n".join([told, "", *table(targets, curves), "", f"![The curve]({CHART.name})"]))
    with whole_file(CHART) as partial:
        partial.write_bytes(chart(targets, curves))


def described(competition: str, targets: Targets, as_it_is: Distributions) -> str:
    wrong, likeliest = int((as_it_is.argmax(axis=1) != targets).sum()), as_it_is.max(axis=1).mean()
    return (
        f"{competition}: {len(targets):,} out-of-fold rows, {as_it_is.shape[1]} classes, {wrong} rows wrong; the "
        f"likeliest class has {likeliest:.3f} on average."
    )


def table(targets: Targets, curves: Mapping[str, Distributions]) -> list[str]:
    """A row per bound: the log loss of each curve."""
    lines = [f"| lower bound * C | {' | '.join(curves)} |", "|---|" + "---|" * len(curves)]
    for bound in BOUNDS:
        losses = [f"{bounded_loss(targets, one, bound):.4f}" for one in curves.values()]
        lines.append(f"| {np.format_float_positional(bound, trim='-')} | {' | '.join(losses)} |")
    return lines


def chart(targets: Targets, curves: Mapping[str, Distributions]) -> bytes:
    """A PNG of the curves over DRAWN_BOUNDS; dashed: without a bound."""
    drawn = [(name, bound, bounded_loss(targets, one, bound)) for name, one in curves.items() for bound in DRAWN_BOUNDS]
    points = [{"rows": name, "bound": float(bound), "loss": loss} for name, bound, loss in drawn]
    unbounded = [{"rows": name, "loss": bounded_loss(targets, one, 0)} for name, one in curves.items()]
    bounds = {"field": "bound", "type": "quantitative", "scale": {"type": "log", "nice": False}}
    loss = {"field": "loss", "type": "quantitative", "title": "log loss"}
    colour = {"field": "rows", "title": None}
    chart = {
        "width": 560,
        "height": 280,
        "background": "white",
        "layer": [
            {
                "data": {"values": points},
                "mark": {"type": "line", "strokeWidth": 2.5},
                "encoding": {
                    "x": bounds | {"title": "lower bound, in multiples of 1/C", "axis": {"format": ".0e"}},
                    "y": loss,
                    "color": colour,
                },
            },
            {
                "data": {"values": unbounded},
                "mark": {"type": "rule", "strokeDash": [5, 4]},
                "encoding": {"y": loss, "color": colour},
            },
        ],
    }
    return vl_convert.vegalite_to_png(chart, scale=2)


def bounded_loss(targets: Targets, probabilities: Distributions, bound: float) -> float:
    """The log loss with a lower bound of `bound` times 1/C."""
    bounded = projections(probabilities)(bound / probabilities.shape[1], 1.0).astype(np.float32)
    return LogLoss(kind="log_loss").score(targets, bounded)


if __name__ == "__main__":
    run(main)
