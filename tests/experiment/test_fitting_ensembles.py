"""Which averages and methods fit which metric and target: told before anything is trained."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from foldline.card.card import read_card
from foldline.card.targets.single_labels import Ordinal
from foldline.ensembling.ensembling import Ensemble
from foldline.experiment.fitting import unweighable
from foldline.experiment.params import read_params
from foldline.metrics.kinds.of_order import MeanColumnAuc
from foldline.params.section import parse
from foldline.training.losses import Losses

ROOT = Path(__file__).parents[2]
SECTION: Mapping[str, Any] = {
    "views": "all",
    "average": "probabilities",
    "method": {"kind": "equal"},
    "temperature": {"kind": "none"},
}
OF_AUC, OF_KAPPA, OF_LOG_LOSS = "siim-isic-melanoma-classification", "aptos2019-blindness-detection", "digits"


def conflicts(slug: str, loss: dict[str, Any] | None = None, **changes: Any) -> list[str]:
    params = read_params(ROOT / "pipelines/recipes/digits.yaml")
    params = params.model_copy(update={"ensemble": parse({**SECTION, **changes}, Ensemble, "ensemble")})
    if loss:
        params = params.model_copy(
            update={"train": params.train.model_copy(update={"loss": parse(loss, Losses, "loss")})}
        )
    return list(unweighable(params, read_card(ROOT / f"pipelines/competitions/{slug}.yaml")))


RANKS, CONVEX, STACKING = {"kind": "ranks"}, {"kind": "convex_combination"}, {"kind": "stacking", "penalty": 1.0}


@pytest.mark.parametrize(
    ("slug", "changes", "message"),
    [
        (
            OF_LOG_LOSS,
            {"average": "ranks"},
            "`ensemble.average` is ranks, which takes a metric of nothing but order .* but the card's is log_loss",
        ),
        (
            OF_KAPPA,
            {"method": RANKS},
            "`ensemble.method.kind` is ranks, which takes a metric of nothing but order .*is quadratic_weighted_kappa",
        ),
        (OF_AUC, {"average": "ranks", "method": RANKS}, "are both ranks: ranks of ranks"),
        (
            OF_AUC,
            {"method": CONVEX},
            "convex_combination, which takes a smooth metric .* card's is auc. Choose hill_climbing",
        ),
        (
            OF_KAPPA,
            {"method": STACKING, "loss": {"kind": "mean_squared_error"}},
            "stacking, which takes probabilities, but the model predicts numbers",
        ),
    ],
)
def test_what_does_not_fit_is_one_line(slug: str, changes: dict[str, Any], message: str) -> None:
    (line,) = conflicts(slug, **changes)
    assert re.search(message, line)


@pytest.mark.parametrize(
    ("slug", "changes"),
    [
        (OF_AUC, {"average": "ranks"}),
        (OF_AUC, {"method": RANKS}),
        (OF_AUC, {"method": {"kind": "hill_climbing", "rounds": 3}}),
        (OF_LOG_LOSS, {"method": {"kind": "hill_climbing", "rounds": 3}}),
        (OF_KAPPA, {"method": STACKING}),
    ],
)
def test_what_fits_is_no_conflict(slug: str, changes: dict[str, Any]) -> None:
    assert conflicts(slug, **changes) == []


@pytest.mark.parametrize("changes", [{"average": "ranks"}, {"method": RANKS}])
def test_ranks_of_classes_that_sum_to_one_are_refused_before_training(changes: dict[str, Any]) -> None:
    params = read_params(ROOT / "pipelines/recipes/digits.yaml")
    params = params.model_copy(update={"ensemble": parse({**SECTION, **changes}, Ensemble, "ensemble")})
    card = read_card(ROOT / "pipelines/competitions/dog-breed-identification.yaml")
    card = card.model_copy(update={"metric": MeanColumnAuc(kind="mean_column_auc")})
    (line,) = unweighable(params, card)
    assert "but the classes of a target of kind multiclass sum to one, and their ranks do not" in line


@pytest.mark.parametrize(("levels", "refused"), [(2000, False), (2001, True)])
def test_more_classes_than_are_stored_whole_are_refused_where_the_card_names_them(levels: int, refused: bool) -> None:
    params, card = (
        read_params(ROOT / "pipelines/recipes/digits.yaml"),
        read_card(ROOT / f"pipelines/competitions/{OF_LOG_LOSS}.yaml"),
    )
    target = Ordinal(kind="ordinal", column="x", group=None, levels=tuple(map(str, range(levels))))
    section = parse({**SECTION, "method": CONVEX}, Ensemble, "ensemble")
    found = list(
        unweighable(params.model_copy(update={"ensemble": section}), card.model_copy(update={"target": target}))
    )
    assert [("takes the predictions of all classes, but with more than 2,000" in line) for line in found] == [
        True
    ] * refused
