"""Which test-time views are worth their pixels: chosen greedily on out-of-fold rows, while the nested gain is real."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int64

from foldline.config.views import cost_of
from foldline.predictions.activations import predictions_from, predictions_of_scores, scores_from
from foldline.predictions.coverage import Roster
from foldline.predictions.gains import Gain
from foldline.predictions.members import Average, Member
from foldline.predictions.nested import Evidence, fit_nested
from foldline.predictions.steps import Inputs, Judge, Step
from foldline.refusal import Refusal, listed
from foldline.tables.activations import Form
from foldline.tables.arrays import row_blocks, take
from foldline.tables.logits import Logits

Predictions = Float32[np.ndarray, "rows outputs"]


@dataclass(frozen=True)
class ChosenViews:
    names: tuple[str, ...]
    """The first, and those whose gain was real, in the order in which they were added."""
    gains: tuple[Gain, ...]
    """Of each addition that was tried: all but the last were kept."""

    @property
    def cost(self) -> float:
        """Pixels that the model sees, relative to the image as it is."""
        return sum(map(cost_of, self.names))


def choose_views(
    by_view: Mapping[str, Predictions], first: str, evidence: Evidence, judge: Judge, form: Form, average: Average
) -> ChosenViews:
    """Start from `first`; add the view with the highest gain per unit of cost, as long as that is worth it.

    by_view: predictions of the evidence's rows; its own inputs are not read. The mean of the chosen is that of
    probabilities or of logits. Whether an addition is worth it says the nested gain of choosing one at all: in each
    fold, of the view that the other folds would have chosen (foldline/predictions/nested.py).
    """
    scaled = {view: _scaled(predictions, form, average) for view, predictions in by_view.items()}
    chosen, gains = [first], []
    while len(chosen) < len(scaled):
        left = [view for view in scaled if view not in chosen]
        total = np.asarray(sum(scaled[view] for view in chosen))
        step = _addition(f"view {len(chosen) + 1}", left, len(chosen), judge, (form, average))
        inputs = (total, *(scaled[view] for view in left))
        decided = fit_nested([step], evidence.with_inputs(inputs), step.name).whole.steps[0]
        gains.append(decided.gain)
        if not decided.gain.kept:
            break
        chosen.append(left[decided.setting])
    return ChosenViews(tuple(chosen), tuple(gains))


def _addition(name: str, left: Sequence[str], count: int, judge: Judge, scale: tuple[Form, Average]) -> Step:
    """inputs: the sum of the `count` views chosen so far, and each of those that are left. The setting is the place
    of one among the latter, or None."""
    form, average = scale

    def applied(setting: int | None, inputs: Inputs) -> Inputs:
        if setting is None:
            return (_unscaled(inputs[0] / np.float32(count), form, average),)
        return (_unscaled((inputs[0] + inputs[setting + 1]) / np.float32(count + 1), form, average),)

    def fitted(stacked: Float32[np.ndarray, "rows inputs outputs"], targets: np.ndarray) -> int | None:
        inputs = tuple(stacked[:, place] for place in range(stacked.shape[1]))
        before = judge.score(targets, applied(None, inputs))
        scores = [judge.score(targets, applied(place, inputs)) for place in range(len(left))]
        gains = [judge.metric.gain(before, score) / cost_of(view) for score, view in zip(scores, left, strict=True)]
        best = int(np.nanargmax([*gains, 0.0]))
        return best if best < len(left) else None

    return Step(
        name,
        default=None,
        fit=fitted,
        apply=applied,
        judge=judge,
        describe=lambda setting: "none" if setting is None else str(left[setting]),
        note="per unit of cost the best addition",
    )


def _scaled(predictions: Predictions, form: Form, average: Average) -> Predictions:
    return scores_from(predictions, form).astype(np.float32) if average == "logits" else predictions


def _unscaled(means: Predictions, form: Form, average: Average) -> Predictions:
    return predictions_of_scores(means, form).astype(np.float32) if average == "logits" else means


def common_views(logits: Sequence[Logits]) -> tuple[str, ...]:
    """Raises Refusal unless all folds were predicted under the same views."""
    views = logits[0].views
    other = next((one.views for one in logits if one.views != views), None)
    if other is not None:
        raise Refusal(
            f"The folds were predicted under other views: {listed(views)} the first, {listed(other)} a later one. "
            "Predict them again: `dvc repro`."
        )
    return views


def predictions_by_view(
    members: Sequence[Member], views: Sequence[str], roster: Roster, rows: Int64[np.ndarray, " chosen"]
) -> dict[str, Predictions]:
    """What the folds' models predict of some out-of-fold rows, given by rising positions, under each view."""
    by_view: dict[str, Predictions] = {}
    for one in members:
        mine = np.flatnonzero(roster.folds[rows] == one.fold)
        places = one.validation_places[np.searchsorted(roster.in_fold(one.fold), rows[mine])]
        for block in row_blocks((len(mine), *one.validation.shape[1:])):
            predictions = predictions_from(take(one.validation, places[block]), one.activation).astype(np.float32)
            for place, view in enumerate(views):
                whole = by_view.setdefault(view, np.empty((len(rows), predictions.shape[2]), np.float32))
                whole[mine[block]] = predictions[:, place]
    return by_view
