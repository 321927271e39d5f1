"""All uploads: whether the out-of-fold score foretells the leaderboard, and which two to select in the end."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from foldline.files.refusal import counted
from foldline.kaggle.ledger import to_the_minute
from foldline.kaggle.uploads import Upload
from foldline.metrics.metric_and_rule import MetricKind
from foldline.report.charts import HOVER, chart, mark, names, numbers
from foldline.report.page import UNKNOWN, Cell, Chart, LeftOut, Part, Section, Table, Words, shown, toned
from foldline.report.uploads import Contender, correlation

LEAST_UPLOADS = 3
"""Of two, one is always first."""
Correlation = Callable[[Contender, Contender], float | None]


def ledger(uploaded: Sequence[Contender], metric: MetricKind, own: Upload | None = None) -> Section:
    """uploaded: all uploads of the competition, in their order. own: this run's."""
    if not uploaded:
        raise LeftOut("the page of uploads needs one")
    known = comparable(uploaded, metric)
    pairs = both_scores(known)
    final = final_two(known, metric, correlation)
    body: list[Part] = [drawn(known, final, metric)] if len(pairs) > 1 else []
    body += [Words(final.words), Table(COLUMNS, rows(uploaded, own, final, metric))]
    return Section("uploads", title(rank_correlation(pairs), len(pairs)), LEDE, body)


LEDE = (
    "Each upload by its out-of-fold score, which the train rows give, and by its public score, which a part of the "
    "test rows gives. Where both put uploads into the same order (a rank correlation near 1), the out-of-fold score "
    "can choose: it is usually of more rows, and nobody has chosen by them upload after upload."
)


def comparable(uploaded: Sequence[Contender], metric: MetricKind) -> list[Contender]:
    """Those with an out-of-fold score by the metric, of more than one fold: a single one may be the easy one."""
    of_metric = (one for one in uploaded if one.metric == metric.name and not one.is_screening)
    return [one for one in of_metric if one.out_of_fold is not None]


def both_scores(known: Sequence[Contender]) -> list[tuple[float, float]]:
    """Out-of-fold and public, of those that have both."""
    found = [(one.out_of_fold, one.upload.public_score) for one in known]
    return [(own, public) for own, public in found if own is not None and public is not None]


def rank_correlation(pairs: Sequence[tuple[float, float]]) -> float:
    """Spearman's; NaN for fewer than LEAST_UPLOADS, or where all are equal.

    Source: Spearman, The Proof and Measurement of Association between Two Things, 1904.
    """
    table = pd.DataFrame(pairs, columns=["out of fold", "public"], dtype=float)
    return float(table.corr("spearman", min_periods=LEAST_UPLOADS).to_numpy()[0, 1])


def title(found: float, count: int) -> str:
    """found: the rank correlation of `count` uploads."""
    if math.isnan(found):
        return f"{counted(count, 'upload has', 'uploads have')} both scores: no rank correlation yet"
    return f"Out-of-fold and public scores of {count} uploads: rank correlation {found:+.2f} (Spearman)"


@dataclass(frozen=True)
class Final:
    """The two to select for the private leaderboard."""

    best: Contender | None
    other: Contender | None
    words: str
    """Which, and why."""


def final_two(known: Sequence[Contender], metric: MetricKind, correlation: Correlation) -> Final:
    """The best out of fold; and of those within one of its standard errors the one that is least correlated with it: it
    is as good as far as anybody can tell, and errs elsewhere.

    Source of the margin: Breiman, Friedman, Olshen and Stone, Classification and Regression Trees, 1984 (1 SE rule).
    """
    if not known:
        return Final(None, None, f"No upload has an out-of-fold {metric.name} on record, so none is chosen.")
    sign = 1 if metric.higher_is_better else -1
    best = max(known, key=lambda one: sign * (one.out_of_fold or 0.0))
    chosen = f"Select {best.upload.run_id}, the best out of fold ({shown(best.out_of_fold)})"
    if math.isnan(best.standard_error):
        return Final(best, None, f"{chosen}. {NO_MARGIN}")
    floor = sign * (best.out_of_fold or 0.0) - best.standard_error
    good = [one for one in known if one is not best and sign * (one.out_of_fold or 0.0) >= floor]
    alike = {at: found for at, one in enumerate(good) if (found := correlation(best, one)) is not None}
    margin = f"within one standard error ({shown(best.standard_error)}) of it"
    if not alike:
        return Final(best, None, f"{chosen}. {NOT_SAVED if good else f'No other upload is {margin}.'}")
    at = min(alike, key=lambda place: alike[place])
    return Final(
        best,
        good[at],
        f"{chosen}, and {good[at].upload.run_id}: of {counted(len(alike), 'upload', 'uploads')} {margin}, its test "
        f"predictions are the least correlated with those of the best ({alike[at]:.4f}).",
    )


NO_MARGIN = "How far others may lie behind it is not known: its run is not saved here."
NOT_SAVED = "Others are about as good, but their runs are not saved here: nothing to correlate."

COLUMNS = ("upload", "first seen (UTC)", "metric", "out-of-fold", "public", "gain of this run", "select")


def rows(uploaded: Sequence[Contender], own: Upload | None, final: Final, metric: MetricKind) -> list[list[str | Cell]]:
    """The latest last."""
    roles = {id(final.best): "best out of fold", id(final.other): "as good, least alike"}
    found: list[list[str | Cell]] = []
    for one in uploaded:
        run_id, time, public = one.upload.run_id, to_the_minute(one.upload.time), one.upload.public_score
        gain: str | Cell = UNKNOWN
        if own is not None and own.run_id == run_id:
            gain = Cell("this run", "strong")
        elif own is not None and own.public_score is not None and public is not None:
            gain = toned(metric.gain(public, own.public_score))
        role = Cell(roles.get(id(one), ""), "good")
        found.append([run_id, time, one.metric or "", shown(one.out_of_fold), shown(public), gain, role])
    return found


def drawn(known: Sequence[Contender], final: Final, metric: MetricKind) -> Chart:
    """Out-of-fold against public score."""
    selected = ("selected", "not selected")
    points = pd.DataFrame(
        [
            (
                one.upload.run_id,
                one.out_of_fold,
                one.upload.public_score,
                selected[one not in (final.best, final.other)],
            )
            for one in known
            if one.upload.public_score is not None
        ],
        columns=["upload", "out-of-fold", "public", "selected"],
    )
    spec = chart(
        points,
        mark("point", filled=True, size=70, tooltip=HOVER),
        x=numbers("out-of-fold", title=f"{metric.name}, out-of-fold"),
        y=numbers("public", title=f"{metric.name}, public"),
        color=names("selected", sort=selected, legend={"orient": "top"}),
    )
    said = f"The public score of {len(points)} uploads over their out-of-fold score; the table below has the numbers"
    return Chart(spec, said)
