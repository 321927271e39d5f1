"""Samples with columns to copy, with sets in brackets, with lines of probabilities."""

import pytest

from foldline.card.forms.label_forms import HardLabel
from foldline.card.forms.line_forms import LineTable
from foldline.card.forms.number_forms import ProbabilityLines
from foldline.card.forms.set_forms import LabelSet
from foldline.card.source_steps import File
from foldline.card.targets.several_labels import Delimited, Multilabel
from foldline.competition.sample import read_sample
from foldline.files.refusal import Refusal
from tests.conftest import Zipped

LABEL = HardLabel(kind="label", sample="sample.csv", id="id", extra_columns="refused")


def test_columns_that_are_copied_are_no_answers(zipped: Zipped) -> None:
    archives = zipped({"sample.csv": "osd,id,x\n0.70,a,1\n,b,2\n"})
    form = LABEL.model_copy(update={"copied": ("osd",)})
    sample = read_sample(archives, form)
    assert sample.predicted(form) == ("x",)
    assert sample.copied is not None and sample.copied["osd"].tolist() == ["0.70", ""]
    assert (sample.integers, sample.shown_labels) == (True, ("1", "2"))
    with pytest.raises(
        Refusal, match=r"no column `ood`, which the card's submission\.copied names. Did you mean `osd`"
    ):
        read_sample(archives, LABEL.model_copy(update={"copied": ("ood",)}))


def test_sets_in_brackets_are_known_by_the_sample(zipped: Zipped) -> None:
    target = Multilabel(kind="multilabel", labels=Delimited(kind="delimited", column="x", delimiter=" "), group=None)
    archives = zipped({"sample.csv": 'id,x\na,"[1, 2]"\nb,[]\n'})
    bare = LabelSet(
        kind="label_set", sample="sample.csv", id="id", extra_columns="refused", empty="allowed", delimiter=", "
    )
    form = bare.model_copy(update={"enclosed_by": "[]"})
    assert read_sample(archives, form).shown_labels == ("1", "2")
    form.refuse_other_sample(read_sample(archives, form), target, ("1", "2"))
    with pytest.raises(Refusal, match=r"sample.csv` shows '\[.*: its sets stand in \[\]\. Write `enclosed_by: '\[\]'`"):
        bare.refuse_other_sample(read_sample(archives, bare), target, ("1", "2"))


LINE = LineTable(
    kind="table", table=(File(kind="file", name="lookup.csv"),), id="Key", row="{Image}.png", name="Feature"
)


def test_lines_of_probabilities_may_be_looked_up_too(zipped: Zipped) -> None:
    form = ProbabilityLines(kind="probability_lines", sample="s.csv", id="RowId", extra_columns="refused", line=LINE)
    sample = read_sample(
        zipped({"s.csv": "RowId,mild,bad\n3,0,0\n1,0,0\n", "lookup.csv": "Key,Image,Feature\n1,b,x\n3,c,y\n"}), form
    )
    assert sample.asked.tolist() == ["c.png\ty", "b.png\tx"]
    assert sample.predicted(form) == ("mild", "bad")
