"""Whether probabilities come true as often as they say, before and after calibration; and what bounds cost."""

from __future__ import annotations

import numpy as np
import pandas as pd
from jaxtyping import Float

from foldline.ensembling.bounds import Bounds, bounding, bounds_from, described_bounds, lower_bounds
from foldline.ensembling.intervals import LEVEL, wilson_interval
from foldline.files.arrays import gather
from foldline.files.compact import CompactArray, numbers_per_row
from foldline.files.refusal import listed
from foldline.report.charts import (
    HOVER,
    PERCENT,
    QUIET,
    Spec,
    chart,
    diagonal,
    drawn_rows,
    intervals,
    level,
    mark,
    names,
    numbers,
    shares,
)
from foldline.report.evidence import Evidence
from foldline.report.page import Chart, LeftOut, Part, Section, Words

BINS = 10
"""On each side of one half: else rare labels would have all bins near 0."""
LEAST_PER_BIN = 20
MOST_NUMBERS = 2_000_000
"""Of predictions: of more, rows are drawn."""
DRAWS = 1000
SHOWN_ABOVE = 1.3
"""Bounds that cost more than so many times the best are left out: they would press the curve flat."""


def reliability(evidence: Evidence) -> Section:
    if not evidence.form.has_probabilities:
        raise LeftOut("reliability needs probabilities")
    rows = drawn_rows(len(evidence.ids), max(1, MOST_NUMBERS // numbers_per_row(evidence.before)))
    before, after = (
        bins_of(*evidence.form.claims(gather(values, rows), evidence.targets[rows]))
        for values in (evidence.before, evidence.after)
    )
    stages = {"before and after clip": after} if before.equals(after) else {"before clip": before, "after clip": after}
    errors = listed(f"{calibration_error(table):.4f} {stage}" for stage, table in stages.items())
    lede = (
        f"Probabilities {evidence.form.claimed(evidence.classes)}. Expected calibration error: {errors}; of "
        f"{after['claims'].sum():,} claims that come true just as they say, chance alone would show up to "
        f"{error_by_chance(after):.4f}."
    )
    table = pd.concat([table.assign(stage=stage) for stage, table in stages.items()], ignore_index=True)
    drawing = Chart(drawn(table), f"Share that came true by probability. {lede}", half=True)
    return Section("reliability", verdict(after), lede, [drawing, *bounds_curve(evidence)])


def bins_of(said: Float[np.ndarray, " claims"], came_true: Float[np.ndarray, " claims"]) -> pd.DataFrame:
    """Bins of equally many claims on either side of one half, equal probabilities together: `said` and `came true`
    (means), `low` and `high` (Wilson's interval, as if claims were independent), `claims`."""
    of_claim, count = np.zeros(len(said), np.int64), 0
    for half in (said < 0.5, said >= 0.5):
        wanted = min(BINS, int(half.sum()) // LEAST_PER_BIN)
        edges = np.unique(np.quantile(said[half], np.linspace(0, 1, wanted + 1)[1:-1])) if wanted > 1 else []
        of_claim[half] = count + np.searchsorted(edges, said[half], side="right")
        count += len(edges) + 1
    claims = np.bincount(of_claim, minlength=count)
    sums = (np.bincount(of_claim, weights=one, minlength=count) for one in (said, came_true))
    filled = claims > 0
    means = [one[filled] / claims[filled] for one in sums]
    low, high = wilson_interval(means[1], claims[filled])
    return pd.DataFrame(dict(zip(("said", "came true"), means, strict=True))).assign(
        low=low, high=high, claims=claims[filled]
    )


def calibration_error(bins: pd.DataFrame) -> float:
    """Expected calibration error: by how much the bins' shares miss what was said, the mean over claims.

    Source: Naeini, Cooper and Hauskrecht, Obtaining Well Calibrated Probabilities Using Bayesian Binning, 2015; with
    bins of equally many: Nguyen and O'Connor, Posterior calibration and exploratory analysis for NLP, 2015.
    """
    return float(np.average((bins["said"] - bins["came true"]).abs(), weights=bins["claims"]))


def error_by_chance(bins: pd.DataFrame) -> float:
    """The error that perfectly calibrated claims exceed in one of twenty samples of this size.

    Source: Broecker and Smith, Increasing the Reliability of Reliability Diagrams, 2007.
    """
    said, claims = bins["said"].to_numpy().clip(0, 1), bins["claims"].to_numpy()
    shares = np.random.default_rng(0).binomial(claims, said, (DRAWS, len(bins))) / claims
    return float(np.quantile(np.average(np.abs(shares - said), axis=1, weights=claims), LEVEL))


def verdict(bins: pd.DataFrame) -> str:
    error = calibration_error(bins)
    if error <= error_by_chance(bins):
        return "Probabilities come true as often as they say, as far as these rows tell"
    said, came_true = (float(np.average(bins[name], weights=bins["claims"])) for name in ("said", "came true"))
    if abs(said - came_true) < error / 2:
        return f"Probabilities miss what comes true by {error:.1%}, some too high, some too low"
    tone = "high" if said > came_true else "low"
    return f"Probabilities are too {tone}: on average they say {said:.1%}, and {came_true:.1%} come true"


def drawn(table: pd.DataFrame) -> Spec:
    y = {"title": "share that came true", "axis": PERCENT}
    legend = {"orient": "top"} if table["stage"].nunique() > 1 else None
    return chart(
        table,
        diagonal("said", "came true", float(table["said"].min()), float(table["said"].max())),
        mark("line", opacity=0.5),
        *intervals("y", "came true", **y),
        x=shares("said", title="probability"),
        y=numbers("came true", **y),
        color=names("stage", legend=legend),
    )


def bounds_curve(evidence: Evidence) -> list[Part]:
    """Nothing where clipping cannot help the metric."""
    form, values, name = evidence.form, evidence.before, evidence.metric.name
    if not evidence.metric.is_log_loss or isinstance(values, CompactArray):
        return []
    rows = drawn_rows(len(evidence.ids), max(1, MOST_NUMBERS // values.shape[1]))
    targets, bounded = evidence.targets[rows], bounding(gather(values, rows), form)
    table = pd.DataFrame({"lower bound": lower_bounds(form, len(evidence.classes))})
    bounds = (bounds_from(lower, form) for lower in table["lower bound"])
    table["loss"] = [evidence.metric.score(targets, bounded(one).astype(np.float32)) for one in bounds]
    best, force = table.iloc[int(table["loss"].to_numpy().argmin())], lower_in_force(evidence.gains)
    said = (
        f"{name} of {len(rows):,} out-of-fold rows against the lower bound of probabilities. The best of the grid is "
        f"{best['lower bound']:.3g} with {best['loss']:.5f}, on the very rows that it is chosen on; without bounds it "
        f"is {table['loss'].iloc[0]:.5f} (dashed). "
        + ("No bound is in force." if force is None else f"In force is {force:.3g} (upright line).")
    )
    x = numbers("lower bound", axis={"format": "~g", "labelOverlap": True}) | {"scale": {"type": "log", "nice": False}}
    line = mark("line", {"x": x, "y": numbers("loss", title=name)}, point={"size": 20}, tooltip=HOVER)
    upright = [mark("rule", {"x": x}, [{"lower bound": force}], size=2, color=QUIET["color"])] if force else []
    shown = table[(table["lower bound"] > 0) & (table["loss"] <= SHOWN_ABOVE * best["loss"])]
    drawing = chart(shown, line, level("y", table["loss"].iloc[0], title=name), *upright)
    return [Chart(drawing, said, half=True), Words(said)]


def lower_in_force(gains: pd.DataFrame) -> float | None:
    """gains: as gains.csv has them. None where no bounds were applied."""
    found = gains[gains["step"].eq(Bounds.name) & gains["applied"].astype(bool)]
    return described_bounds(found["setting"].iloc[0]).lower if len(found) else None
