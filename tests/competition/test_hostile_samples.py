"""What the sample submission itself holds can be written and passes the check; all else is refused at the beginning."""

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foldline.card.forms.form import Form
from foldline.card.forms.label_forms import ConfidentLabel, HardLabel, OfLabels, Ranking
from foldline.card.forms.number_forms import ClassProbabilities
from foldline.card.forms.set_forms import LabelSet, SetColumns
from foldline.card.target import Target
from foldline.card.targets.several_labels import Delimited, Multilabel
from foldline.card.targets.single_labels import Multiclass, Ranked
from foldline.competition.sample import read_sample
from foldline.competition.submission_check import check_submission
from foldline.competition.submission_file import write_submission
from foldline.ensembling.predictions import Predictions
from foldline.files.refusal import Refusal
from foldline.metrics.decisions.rules import rule_of
from tests.archive.test_spellings import HOSTILE
from tests.conftest import Zipped
from tests.fault_outcomes import Outcome
from tests.words import DISTRIBUTION

EXAMPLES = 5
GIVEN: dict[str, Any] = {"sample": "sample.csv", "id": "id", "extra_columns": "refused"}
ONE = Multiclass(kind="multiclass", column="x", group=None)
RANKED = Ranked(kind="ranked", column="x", group=None, new_class=None)
SEVERAL = Multilabel(kind="multilabel", labels=Delimited(kind="delimited", column="x", delimiter="\x1d"), group=None)
FORMS: dict[str, tuple[Form, Target]] = {
    "label": (HardLabel(kind="label", **GIVEN), ONE),
    "confident": (ConfidentLabel(kind="confident_label", **GIVEN), ONE),
    "ranking": (Ranking(kind="ranking", length=2, **GIVEN), RANKED),
    "set": (LabelSet(kind="label_set", empty="refused", **GIVEN), SEVERAL),
    "set with a delimiter": (LabelSet(kind="label_set", empty="allowed", delimiter=";", **GIVEN), SEVERAL),
    "set in brackets": (
        LabelSet(kind="label_set", empty="allowed", delimiter=", ", enclosed_by="[]", **GIVEN),
        SEVERAL,
    ),
    "probabilities": (ClassProbabilities(kind="class_probabilities", **GIVEN), ONE),
    "columns": (SetColumns(kind="set_columns", empty="allowed", **GIVEN), SEVERAL),
}
text = st.one_of(
    st.sampled_from(HOSTILE), st.text(st.characters(codec="utf-8", exclude_characters="\0\x1d"), min_size=1)
)
names = st.lists(text, min_size=2, max_size=6, unique=True)


def sample_of(form: Form, ids: list[str], classes: list[str]) -> str:
    """With every class in it: as a column, or as the label of a row."""
    if form.column_per == "class":
        rows = [["id", *classes], *([one, *["0"] * len(classes)] for one in ids)]
    else:
        before, after = ("[", "]") if getattr(form, "enclosed_by", None) else ("", "")
        field = f"{before}{{}}{after}" + (" 0.5" if form.kind == "confident_label" else "")
        longer = ids + [f"more {place}" for place in range(len(classes) - len(ids))]
        rows = [["id", "x"], *([one, field.format(classes[at % len(classes)])] for at, one in enumerate(longer))]
    written = io.StringIO(newline="")
    csv.writer(written, quoting=csv.QUOTE_ALL).writerows(rows)
    return written.getvalue()


@pytest.mark.parametrize("kind", FORMS)
@given(ids=names, classes=names)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_a_sample_holds_is_written_or_refused_at_once(
    tmp_path: Path, zipped: Zipped, kind: str, ids: list[str], classes: list[str]
) -> None:
    written_or_refused(tmp_path, zipped, kind, ids, classes)


def written_or_refused(tmp_path: Path, zipped: Zipped, kind: str, ids: list[str], classes: list[str]) -> Outcome:
    form, target = FORMS[kind]
    separator = form.separator() if isinstance(form, OfLabels) else None
    named = tuple(name for name in classes if name != "id")
    if len(named) < 2:
        return "survived"
    archives = zipped({"sample.csv": sample_of(form, ids, list(named))})
    try:
        sample = read_sample(archives, form)
        form.refuse_other_sample(sample, target, named)
    except Refusal:
        # Only what a separator would take apart, or what would be nothing, may be refused.
        assert (
            separator is not None and any(separator in name or name != name.strip() for name in named)
        ) or kind == "label"
        return "refused"
    predicted = np.random.default_rng(0).dirichlet(np.ones(len(named)), len(sample.ids)).astype(np.float32)
    unique = list(dict.fromkeys(sample.ids))
    nothing = np.zeros((0, len(named)), np.float32)
    predictions = Predictions(
        nothing, predicted[: len(unique)], (), tuple(unique), np.zeros(0, np.int64), named, DISTRIBUTION
    )
    rule = rule_of(form.default_rule(target, named, len(named)))
    path = tmp_path / "submission.csv"
    write_submission(path, sample, predictions, rule, form, target)
    if isinstance(form, LabelSet) and form.reads_as_numbers(pd.read_csv(path, dtype=str).fillna("")[["x"]]):
        return "survived"  # which rows get a second label, no sample says
    check_submission(path, sample, form, form.sums_to_one(target))
    check_submission(path, sample, form, form.sums_to_one(target), target.answer_names(named))
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert tuple(rows[0]) == sample.columns
    assert [row[0] for row in rows[1:]] == sample.ids.tolist()
    if kind == "label":
        assert {row[1] for row in rows[1:]} <= set(named)
    return "survived"
