from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from foldline.card.forms.form import Sample
from foldline.card.forms.label_forms import ConfidentLabel, HardLabel, LabelLines, Ranking
from foldline.card.forms.line_forms import LineTemplate
from foldline.card.forms.number_forms import ClassProbabilities, Lines, Number
from foldline.card.forms.set_forms import LabelSet
from foldline.card.submission import Submission
from foldline.card.target import Target
from foldline.card.targets.number_targets import Columns, Regression
from foldline.card.targets.several_labels import Delimited, Multilabel, MultiOutput
from foldline.card.targets.single_labels import Multiclass, OpenSet, Ranked
from foldline.competition.submission_check import check_submission
from foldline.competition.submission_file import write_submission
from foldline.ensembling.predictions import Predictions
from foldline.files.refusal import Refusal
from foldline.metrics.decisions.rules import rule_of
from tests.words import DISTRIBUTION, NUMBERS

PROBABILITIES = ClassProbabilities(kind="class_probabilities", sample="sample.csv", id="id", extra_columns="refused")
LABEL = HardLabel(kind="label", sample="sample.csv", id="id", extra_columns="refused")


MULTICLASS = Multiclass(kind="multiclass", column="x", group=None)


def write(path: Path, sample: Sample, predicted: Predictions, form: Submission, target: Target = MULTICLASS) -> None:
    rule = rule_of(form.default_rule(target, predicted.classes, predicted.test.shape[1]))
    write_submission(path, sample, predicted, rule, form, target)


def predictions(values: np.ndarray, classes: tuple[str, ...], ids: tuple[str, ...]) -> Predictions:
    nothing = np.zeros((0, len(classes)), np.float32)
    return Predictions(nothing, values.astype(np.float32), (), ids, np.zeros(0, np.int64), classes, DISTRIBUTION)


def sample(columns: tuple[str, ...], *ids: str, integers: bool = False) -> Sample:
    return Sample(columns, pd.Series(ids, dtype="str"), integers)


PREDICTED = predictions(np.array([[0.25, 0.75], [1, 0]]), ("pug", "NA"), ("007", "b"))


def test_rows_and_columns_are_those_of_the_sample(tmp_path: Path) -> None:
    write(tmp_path / "s.csv", sample(("NA", "id", "pug"), "b", "007", "b"), PREDICTED, PROBABILITIES)

    assert (tmp_path / "s.csv").read_text() == "NA,id,pug\n0,b,1\n0.75,007,0.25\n0,b,1\n"


def test_a_label_is_the_most_probable_class_as_the_competition_writes_it(tmp_path: Path) -> None:
    write(tmp_path / "s.csv", sample(("id", "breed"), "b", "007"), PREDICTED, LABEL)

    assert (tmp_path / "s.csv").read_text() == "id,breed\nb,pug\n007,NA\n"


def test_probabilities_read_back_as_the_same_and_sum_to_one(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    values = random.dirichlet(np.full(120, 0.05), size=300).astype(np.float32)
    classes, ids = tuple(f"c{number}" for number in range(120)), tuple(f"r{number}" for number in range(300))
    wanted = sample(("id", *classes), *ids)

    write(tmp_path / "s.csv", wanted, predictions(values, classes, ids), PROBABILITIES)

    check_submission(tmp_path / "s.csv", wanted, PROBABILITIES, distributions=True)
    written = pd.read_csv(tmp_path / "s.csv")[list(classes)].to_numpy()
    assert np.abs(written.sum(axis=1) - 1).max() < 1e-6
    np.testing.assert_allclose(written, values, rtol=1e-6, atol=1e-12)


def test_the_likeliest_labels_of_a_set_and_of_a_ranking(tmp_path: Path) -> None:
    predicted = predictions(np.array([[0.1, 0.9, 0.8], [0.2, 0.4, 0.3]]), ("pug", "dingo", "chow"), ("a", "b"))
    wanted = sample(("id", "breeds"), "b", "a")
    several = Multilabel(kind="multilabel", labels=Delimited(kind="delimited", column="x", delimiter=" "), group=None)
    for empty, text in (("allowed", ""), ("refused", "dingo")):
        form = LabelSet(kind="label_set", sample="s.csv", id="id", extra_columns="refused", empty=empty)
        write(tmp_path / "s.csv", wanted, predicted, form, several)
        assert (tmp_path / "s.csv").read_text() == f"id,breeds\nb,{text}\na,dingo chow\n"

    form = Ranking(kind="ranking", sample="s.csv", id="id", extra_columns="refused", length=3)
    write(tmp_path / "s.csv", wanted, predicted, form, several)
    assert (tmp_path / "s.csv").read_text() == "id,breeds\nb,dingo chow pug\na,dingo chow pug\n"
    target = Ranked(kind="ranked", column="x", group=None, new_class="wolf")
    write(tmp_path / "s.csv", wanted, predicted, form, target)
    assert (tmp_path / "s.csv").read_text() == "id,breeds\nb,wolf dingo chow\na,dingo chow wolf\n"


def test_labels_of_a_set_may_hold_spaces_where_another_delimiter_stands_between(tmp_path: Path) -> None:
    predicted = predictions(np.array([[0.1, 0.2, 0.4], [0.2, 0.8, 0.5]]), ("pug", "dingo", "chow chow"), ("a", "b"))
    several = Multilabel(kind="multilabel", labels=Delimited(kind="delimited", column="x", delimiter=" "), group=None)
    form = LabelSet(kind="label_set", sample="s.csv", id="id", extra_columns="refused", empty="allowed", delimiter=", ")
    wanted = sample(("id", "breeds"), "b", "a")
    write(tmp_path / "s.csv", wanted, predicted, form, several)
    assert (tmp_path / "s.csv").read_text() == 'id,breeds\n"b","dingo, chow chow"\n"a",""\n'
    with pytest.raises(
        Refusal, match=r"separates labels by ', ', but 1 label holds one: 'a, b'.*submission.delimiter or"
    ):
        form.refuse_unwritable(("a, b", "c"))


def test_a_label_with_its_confidence_and_one_that_may_be_new(tmp_path: Path) -> None:
    predicted = predictions(np.array([[0.1, 0.7, 0.2], [0.25, 0.35, 0.4]]), ("pug", "dingo", "chow"), ("a", "b"))
    wanted = sample(("id", "breed"), "b", "a")
    confident = ConfidentLabel(kind="confident_label", sample="s.csv", id="id", extra_columns="refused")
    write(tmp_path / "s.csv", wanted, predicted, confident)
    assert (tmp_path / "s.csv").read_text() == "id,breed\nb,chow 0.4\na,dingo 0.7\n"

    label = HardLabel(kind="label", sample="s.csv", id="id", extra_columns="refused")
    write(tmp_path / "s.csv", wanted, predicted, label, OpenSet(kind="open_set", column="x", group=None, new_class="?"))
    assert (tmp_path / "s.csv").read_text() == "id,breed\nb,?\na,dingo\n"


def test_several_labels_have_a_column_each_or_a_line_each(tmp_path: Path) -> None:
    target = MultiOutput(kind="multioutput", columns=("colour", "size"), group=None)
    classes = ("colour=red", "colour=blue", "size=1", "size=2")
    predicted = predictions(np.array([[0.9, 0.1, 0.4, 0.5], [0.2, 0.3, 0.4, 0.1]]), classes, ("a", "b"))

    wide = HardLabel(kind="label", sample="s.csv", id="id", extra_columns="refused")
    write(tmp_path / "s.csv", sample(("id", "size", "colour"), "b", "a"), predicted, wide, target)
    assert (tmp_path / "s.csv").read_text() == "id,size,colour\nb,1,blue\na,2,red\n"

    line = LineTemplate(kind="template", template="{class}_of_{row}")
    lines = LabelLines(kind="label_lines", sample="s.csv", id="id", extra_columns="refused", line=line)
    wanted = sample(("id", "target"), "size_of_b", "colour_of_a", "size_of_a")
    write(tmp_path / "s.csv", wanted, predicted, lines, target)
    assert (tmp_path / "s.csv").read_text() == "id,target\nsize_of_b,1\ncolour_of_a,red\nsize_of_a,2\n"


def test_a_number_is_the_positive_probability_or_the_value_within_its_range(tmp_path: Path) -> None:
    form = Number(kind="number", sample="s.csv", id="id", extra_columns="refused", range=(1, 100))
    values = predictions(np.array([[0.5], [33.3]]), ("x",), ("a", "b"))
    write(
        tmp_path / "s.csv",
        sample(("id", "x"), "a", "b"),
        values,
        form,
        Regression(kind="regression", values=Columns(kind="columns", columns=("x",)), group=None),
    )
    assert (tmp_path / "s.csv").read_text() == "id,x\na,1\nb,33.3\n"


def test_several_numbers_have_the_samples_columns(tmp_path: Path) -> None:
    form = Number(kind="number", sample="s.csv", id="id", extra_columns="refused", range=(0, 1))
    target = Regression(kind="regression", values=Columns(kind="columns", columns=("x", "y")), group=None)
    values = Predictions(
        np.zeros((0, 2), np.float32),
        np.array([[0.25, 7], [-1, 0.5]], np.float32),
        (),
        ("a", "b"),
        np.zeros(0, np.int64),
        ("x", "y"),
        NUMBERS,
    )
    write(tmp_path / "s.csv", sample(("y", "id", "x"), "b", "a"), values, form, target)
    assert (tmp_path / "s.csv").read_text() == "y,id,x\n0.5,b,0\n1,a,0.25\n"


def test_a_line_per_row_and_class_in_the_samples_order(tmp_path: Path) -> None:
    """A row may ask for some of its classes, and twice."""
    form = Lines(
        kind="lines",
        sample="s.csv",
        id="ID",
        extra_columns="refused",
        line=LineTemplate(kind="template", template="{row}__{class}"),
        range=None,
    )
    several = Multilabel(kind="multilabel", labels=Delimited(kind="delimited", column="x", delimiter=" "), group=None)
    predicted = predictions(np.array([[0.1, 0.9], [0.2, 0.4]]), ("any_a", "b"), ("7", "8_b"))
    wanted = sample(("ID", "Label"), "8_b__b", "7__any_a", "7__b", "8_b__b")
    write(tmp_path / "s.csv", wanted, predicted, form, several)
    assert (tmp_path / "s.csv").read_text() == "ID,Label\n8_b__b,0.4\n7__any_a,0.1\n7__b,0.9\n8_b__b,0.4\n"
    check_submission(tmp_path / "s.csv", wanted, form, form.sums_to_one(several))
    with pytest.raises(
        Refusal,
        match=r"1 id of the sample submission has no prediction: 7__c\..*rows 7, 8_b with any_a, b\.",
    ):
        write(tmp_path / "s.csv", sample(("ID", "Label"), "7__c"), predicted, form, several)


def test_without_a_header_the_first_line_is_a_row(tmp_path: Path) -> None:
    path, wanted = tmp_path / "s.csv", Sample(("id", "breed"), pd.Series(["b", "007"], dtype="str"), False, False)
    write(path, wanted, PREDICTED, LABEL)
    assert path.read_text() == "b,pug\n007,NA\n"
    check_submission(path, wanted, LABEL, distributions=False)
    path.write_text("b,pug\n007,\n")
    with pytest.raises(Refusal, match=r"row 2 \(id `007`\): column `breed` is empty"):
        check_submission(path, wanted, LABEL, distributions=False)
    path.write_text("id,breed\nb,pug\n007,NA\n")
    with pytest.raises(Refusal, match=r"0 ids .* are missing \(none\), 1 is unknown or too often there \(id\)"):
        check_submission(path, wanted, LABEL, distributions=False)


def test_labels_with_spaces_do_not_fit_a_ranking(tmp_path: Path) -> None:
    form = Ranking(kind="ranking", sample="s.csv", id="id", extra_columns="refused", length=3)
    with pytest.raises(Refusal, match="separates labels by spaces, but 1 label holds one: 'basset hound'"):
        write(
            tmp_path / "s.csv",
            sample(("id", "x"), "a"),
            predictions(np.eye(2)[:1], ("basset hound", "b"), ("a",)),
            form,
        )


def test_many_blocks_are_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = tuple(f"r{number}" for number in range(7))
    values = np.eye(7)[::-1]
    whole = predictions(values, ids, ids)
    write(tmp_path / "whole.csv", sample(("id", *ids), *ids), whole, PROBABILITIES)

    monkeypatch.setattr("foldline.files.arrays.BLOCK_BYTES", 2 * 7 * 4)
    write(tmp_path / "blocks.csv", sample(("id", *ids), *ids), whole, PROBABILITIES)

    assert (tmp_path / "blocks.csv").read_text() == (tmp_path / "whole.csv").read_text()


def test_names_with_commas_and_quotes_survive(tmp_path: Path) -> None:
    odd = predictions(np.array([[0, 1.0]]), ('a "b"', "c, d"), ("x,1",))
    for form, columns in ((PROBABILITIES, ("id", "c, d", 'a "b"')), (LABEL, ("id", "breed"))):
        write(tmp_path / "s.csv", sample(columns, "x,1"), odd, form)
        check_submission(tmp_path / "s.csv", sample(columns, "x,1"), form, form.sums_to_one(MULTICLASS))
        read = pd.read_csv(tmp_path / "s.csv")
        assert tuple(read.columns) == columns
        assert read.iloc[0, 0] == "x,1"
        assert read.iloc[0, 1] in (1, "c, d")


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (
            sample(("id", "pug", "husky"), "a", "z", "y"),
            r"2 ids of the sample submission have no prediction: z, y\. Predicted are the rows a",
        ),
        (
            sample(("id", "pug", "dingo"), "a"),
            r"columns without a class: dingo; classes without a column: husky",
        ),
    ],
)
def test_predictions_that_do_not_fit_are_refused(tmp_path: Path, wanted: Sample, message: str) -> None:
    with pytest.raises(Refusal, match=message):
        write(tmp_path / "s.csv", wanted, predictions(np.array([[0.5, 0.5]]), ("pug", "husky"), ("a",)), PROBABILITIES)
