"""Probabilities of several columns, sets in brackets, columns that are copied."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from foldline.card.forms.form import Sample
from foldline.card.forms.line_forms import LineTemplate
from foldline.card.forms.number_forms import ProbabilityColumns, ProbabilityLines
from foldline.card.forms.set_forms import LabelSet, SetColumns
from foldline.card.targets.several_labels import Delimited, Multilabel, MultiOutput
from foldline.competition.submission_check import check_submission
from foldline.files.refusal import Refusal
from tests.competition.test_submission_file import LABEL, PREDICTED, predictions, sample, write


def test_probabilities_of_several_columns_have_a_line_each_or_a_column_each(tmp_path: Path) -> None:
    target = MultiOutput(kind="multioutput", columns=("left", "right"), group=None)
    classes = ("left=mild", "left=bad", "right=mild", "right=bad")
    predicted = predictions(np.array([[0.75, 0.25, 0.5, 0.5], [1, 0, 0.125, 0.875]]), classes, ("a", "b"))
    given = {"sample": "s.csv", "id": "id", "extra_columns": "refused"}

    line = LineTemplate(kind="template", template="{row}_{class}")
    lines = ProbabilityLines(kind="probability_lines", **given, line=line)
    wanted = sample(("id", "bad", "mild"), "b_right", "a_left", "b_right")
    write(tmp_path / "s.csv", wanted, predicted, lines, target)
    assert (
        tmp_path / "s.csv"
    ).read_text() == "id,bad,mild\nb_right,0.875,0.125\na_left,0.25,0.75\nb_right,0.875,0.125\n"
    check_submission(tmp_path / "s.csv", wanted, lines, lines.sums_to_one(target))
    (tmp_path / "s.csv").write_text("id,bad,mild\nb_right,0.8,0.1\na_left,0.25,0.75\nb_right,0.9,0.1\n")
    with pytest.raises(Refusal, match=r"row 1 \(id `b_right`\): its probabilities sum to 0.9, not to one"):
        check_submission(tmp_path / "s.csv", wanted, lines, lines.sums_to_one(target))

    wide = ProbabilityColumns(kind="probability_columns", **given, column="{label}_{column}")
    wanted = sample(("bad_right", "mild_left", "id", "bad_left", "mild_right"), "b", "a")
    write(tmp_path / "s.csv", wanted, predicted, wide, target)
    assert (tmp_path / "s.csv").read_text() == (
        "bad_right,mild_left,id,bad_left,mild_right\n0.875,1,b,0,0.125\n0.5,0.75,a,0.25,0.5\n"
    )
    check_submission(tmp_path / "s.csv", wanted, wide, wide.sums_to_one(target))
    (tmp_path / "s.csv").write_text((tmp_path / "s.csv").read_text().replace("0.875", "1.5"))
    with pytest.raises(Refusal, match=r"column `bad_right` is 1\.5, it must be a number from 0 to 1"):
        check_submission(tmp_path / "s.csv", wanted, wide, wide.sums_to_one(target))


def test_a_set_may_stand_in_brackets(tmp_path: Path) -> None:
    predicted = predictions(np.array([[0.1, 0.2], [0.8, 0.5]]), ("pug", "dingo"), ("a", "b"))
    several = Multilabel(kind="multilabel", labels=Delimited(kind="delimited", column="x", delimiter=" "), group=None)
    given = {"sample": "s.csv", "id": "id", "extra_columns": "refused", "empty": "allowed"}
    form = LabelSet(kind="label_set", **given, delimiter=", ", enclosed_by="[]")
    wanted = sample(("id", "breeds"), "b", "a")
    write(tmp_path / "s.csv", wanted, predicted, form, several)
    assert (tmp_path / "s.csv").read_text() == 'id,breeds\n"b","[pug, dingo]"\n"a","[]"\n'
    check_submission(tmp_path / "s.csv", wanted, form, False, ("pug", "dingo"))
    for wrong in ("pug", "[pug", "[pug,dingo]", "[", "[ ]"):
        (tmp_path / "s.csv").write_text(f'id,breeds\nb,"[pug]"\na,"{wrong}"\n')
        with pytest.raises(Refusal, match=r"row 2 \(id `a`\): column `breeds` "):
            check_submission(tmp_path / "s.csv", wanted, form, False, ("pug", "dingo"))
    with pytest.raises(Refusal, match=r"is 'pug', it must be labels with ', ' between, in \[\]"):
        (tmp_path / "s.csv").write_text('id,breeds\nb,"[pug]"\na,pug\n')
        check_submission(tmp_path / "s.csv", wanted, form, False, None)


def test_a_column_beside_the_answer_is_copied(tmp_path: Path) -> None:
    form = LABEL.model_copy(update={"copied": ("sure", "note")})
    beside = pd.DataFrame({"sure": ["0.70", "1"], "note": ["", "x"]})
    wanted = Sample(("sure", "id", "breed", "note"), pd.Series(["b", "007"], dtype="str"), False, copied=beside)
    write(tmp_path / "s.csv", wanted, PREDICTED, form)
    assert (tmp_path / "s.csv").read_text() == "sure,id,breed,note\n0.70,b,pug,\n1,007,NA,x\n"
    check_submission(tmp_path / "s.csv", wanted, form, False, ("pug", "NA"))


def test_a_set_has_a_column_of_0_and_1_per_class_in_the_samples_order(tmp_path: Path) -> None:
    predicted = predictions(np.array([[0.1, 0.9, 0.8], [0.2, 0.4, 0.3]]), ("pug", "dingo", "chow"), ("a", "b"))
    several = Multilabel(kind="multilabel", labels=Delimited(kind="delimited", column="x", delimiter=" "), group=None)
    wanted = sample(("chow", "id", "dingo", "pug"), "b", "a")
    for empty, row in (("allowed", "0,b,0,0"), ("refused", "0,b,1,0")):
        form = SetColumns(kind="set_columns", sample="s.csv", id="id", extra_columns="refused", empty=empty)
        write(tmp_path / "s.csv", wanted, predicted, form, several)
        assert (tmp_path / "s.csv").read_text() == f"chow,id,dingo,pug\n{row}\n1,a,1,0\n"
        check_submission(tmp_path / "s.csv", wanted, form, form.sums_to_one(several))
