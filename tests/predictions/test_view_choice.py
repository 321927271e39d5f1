"""Which views are chosen, at what cost, and when it ends."""

import numpy as np
import pytest
from scipy.special import softmax

from foldline.competition.metrics import METRICS
from foldline.predictions.coverage import Roster
from foldline.predictions.members import Average, member
from foldline.predictions.nested import Evidence
from foldline.predictions.steps import Judge
from foldline.predictions.view_choice import ChosenViews, choose_views, common_views, predictions_by_view
from foldline.refusal import Refusal
from foldline.tables.logits import Logits

ROWS, CLASSES = 400, 3
GENERATOR = np.random.default_rng(0)
TARGETS = GENERATOR.integers(0, CLASSES, ROWS)
FOLDS = np.arange(ROWS) % 5
JUDGE = Judge(METRICS["log_loss"], lambda predictions: predictions)


def a_view(seed: int, strength: float) -> np.ndarray:
    logits = np.random.default_rng(seed).normal(size=(ROWS, CLASSES)) * 1.5 + strength * np.eye(CLASSES)[TARGETS]
    return softmax(logits, axis=1).astype(np.float32)


def chosen_of(by_view: dict[str, np.ndarray], average: Average = "probabilities") -> ChosenViews:
    evidence = Evidence((), TARGETS, FOLDS, np.arange(ROWS))
    return choose_views(by_view, "identity", evidence, JUDGE, "distribution", average)


@pytest.mark.parametrize("average", ["probabilities", "logits"])
def test_a_view_that_helps_is_added_and_one_that_harms_is_not(average: Average) -> None:
    views = {"identity": a_view(1, 2), "horizontal_flip": a_view(2, 2), "vertical_flip": a_view(3, -3)}
    choice = chosen_of(views, average)
    assert choice.names == ("identity", "horizontal_flip")
    assert [gain.kept for gain in choice.gains] == [True, False]
    assert choice.gains[0].nested > choice.gains[0].standard_error
    assert choice.cost == 2


def test_of_equally_good_views_the_cheaper_is_added_first() -> None:
    same = a_view(2, 2)
    choice = chosen_of({"identity": a_view(1, 2), "scale_200": same, "crop_center": same})
    assert choice.names[1] == "crop_center"


def test_a_copy_adds_nothing() -> None:
    view = a_view(1, 2)
    choice = chosen_of({"identity": view, "horizontal_flip": view.copy()})
    assert choice.names == ("identity",)
    assert choice.cost == 1


def test_alone_it_is_the_only_choice() -> None:
    assert chosen_of({"identity": a_view(1, 2)}) == ChosenViews(("identity",), ())


def of_fold(fold: int, views: tuple[str, ...] = ("identity", "horizontal_flip")) -> Logits:
    mine = np.flatnonzero(fold == FOLDS)[::-1]
    logits = np.stack([mine[:, None] * np.ones(CLASSES) * sign for sign in (1, -1)], axis=1)
    logits[:, :, 0] += 1
    return Logits(
        validation=logits.astype(np.float32),
        test=np.zeros((0, 2, CLASSES), np.float32),
        validation_ids=tuple(str(row) for row in mine),
        test_ids=(),
        views=views,
        classes=("a", "b", "c"),
        activation="identity",
    )


def test_each_row_is_found_under_each_view_whatever_the_order_of_predictions() -> None:
    roster = Roster(tuple(map(str, range(ROWS))), FOLDS, np.arange(ROWS), ())
    logits = [of_fold(fold) for fold in range(5)]
    members = [member(fold, one, roster, one.classes) for fold, one in enumerate(logits)]
    rows = np.arange(3, ROWS, 7)
    by_view = predictions_by_view(members, common_views(logits), roster, rows)
    np.testing.assert_array_equal(by_view["identity"][:, 1], rows)
    np.testing.assert_array_equal(by_view["horizontal_flip"][:, 1], -rows)


def test_folds_predicted_under_other_views_are_refused() -> None:
    with pytest.raises(Refusal, match=r"other views: identity, horizontal_flip the first, identity, transpose a later"):
        common_views([of_fold(0), of_fold(1, ("identity", "transpose"))])
