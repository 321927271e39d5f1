import pandas as pd
import pytest

from foldline.card.forms.label_forms import ConfidentLabel, HardLabel, OfLabels, Ranking
from foldline.card.forms.set_forms import LabelSet
from foldline.card.forms.violations import Violation

COMMON = {"sample": "s.csv", "id": "id", "extra_columns": "refused"}
LABEL = HardLabel(kind="label", **COMMON)
CONFIDENT = ConfidentLabel(kind="confident_label", **COMMON)
SET = LabelSet(kind="label_set", empty="allowed", delimiter="|", **COMMON)
RANKING = Ranking(kind="ranking", length=3, **COMMON)
NAMES = ("red cat", "dog", "owl")


def violation(form: OfLabels, *fields: str | None, names: tuple[str, ...] | None = NAMES) -> Violation | None:
    return form.label_violation(pd.DataFrame({"x": fields}, dtype="str"), names)


@pytest.mark.parametrize(
    ("form", "fields"),
    [
        (LABEL, ("red cat", "owl", "red cat")),
        (CONFIDENT, ("dog 0.5", "owl 1")),
        (SET, ("red cat|owl", None, "dog")),
        (RANKING, ("dog owl", "owl")),
    ],
)
def test_known_labels_are_no_violation(form: OfLabels, fields: tuple[str | None, ...]) -> None:
    assert violation(form, *fields) is None


@pytest.mark.parametrize(
    ("form", "fields"),
    [
        (LABEL, ("owl", "dogg", "dogg", "wol")),
        (CONFIDENT, ("dog 0.5", "dogg 1")),
        (SET, (None, "owl|dogg")),
        (RANKING, ("dog owl", "owl dogg")),
    ],
)
def test_the_first_unknown_label_is_named(form: OfLabels, fields: tuple[str | None, ...]) -> None:
    what = "column `x` names 'dogg', which is not a label. Did you mean `dog`? There are red cat, dog, owl"
    assert violation(form, *fields) == Violation(1, what)
    assert violation(form, *fields, names=None) is None


@pytest.mark.parametrize(("form", "field"), [(SET, "dog|owl|dog"), (RANKING, "owl dog dog")])
def test_a_label_that_stands_twice_is_named_whoever_knows_the_labels(form: OfLabels, field: str) -> None:
    assert violation(form, "dog", field, names=None) == Violation(1, "column `x` names 'dog' twice")
