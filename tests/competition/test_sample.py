import pandas as pd
import pytest

from foldline.card.forms.form import Sample
from foldline.card.forms.label_forms import HardLabel, Ranking
from foldline.card.forms.line_forms import LineTable, LineTemplate
from foldline.card.forms.number_forms import ClassProbabilities, Lines, Number
from foldline.card.forms.set_forms import LabelSet, SetColumns
from foldline.card.source_steps import File, Headerless
from foldline.card.targets.number_targets import Columns, Regression
from foldline.card.targets.several_labels import Delimited, Multilabel, MultiOutput
from foldline.card.targets.single_labels import Multiclass
from foldline.competition.sample import line_positions, read_sample, refuse_other_ids
from foldline.files.refusal import Refusal
from tests.conftest import Zipped

PROBABILITIES = ClassProbabilities(kind="class_probabilities", sample="sample.csv", id="id", extra_columns="refused")
LABEL = HardLabel(kind="label", sample="sample.csv", id="id", extra_columns="refused")


def test_ids_stay_text_in_the_samples_order(zipped: Zipped) -> None:
    sample = read_sample(zipped({"sample.csv": "pug,id,husky\n0,007,0\n0,7,0\n0,007,0\n"}), PROBABILITIES)

    assert sample.columns == ("pug", "id", "husky")
    assert sample.predicted(PROBABILITIES) == ("pug", "husky")
    assert sample.ids.tolist() == ["007", "7", "007"]


@pytest.mark.parametrize(("labels", "integers"), [("1\n-2", True), ("1\n2.0", False), ("1\n", False), ("a\nb", False)])
def test_labels_are_whole_numbers_when_all_shown_are(zipped: Zipped, labels: str, integers: bool) -> None:
    first, _, second = labels.partition("\n")

    assert read_sample(zipped({"sample.csv": f"id,x\na,{first}\nb,{second}\n"}), LABEL).integers is integers


def test_the_labels_that_a_sample_shows(zipped: Zipped) -> None:
    archives = zipped({"sample.csv": "id,x\na,new whale\nb,\nc,whale\n"})
    ranking = Ranking(kind="ranking", sample="sample.csv", id="id", length=5, extra_columns="ignored")

    assert read_sample(archives, LABEL).shown_labels == ("new whale", "whale")
    assert read_sample(archives, ranking).shown_labels == ("new", "whale")


def test_a_sample_that_separates_labels_in_another_way_is_refused(zipped: Zipped) -> None:
    archives = zipped({"sample.csv": "id,x\na,bat|red elk\nb,elk\n"})
    target = Multilabel(kind="multilabel", labels=Delimited(kind="delimited", column="x", delimiter=";"), group=None)
    forms = {
        delimiter: LabelSet(
            kind="label_set",
            sample="sample.csv",
            id="id",
            extra_columns="refused",
            empty="allowed",
            delimiter=delimiter,
        )
        for delimiter in "|;"
    }
    assert read_sample(archives, forms["|"]).shown_labels == ("bat", "red elk", "elk")
    with pytest.raises(
        Refusal, match=r"shows the labels 'bat\|red elk', with '\|' between, .* is ';'. Write `delimiter: '\|"
    ):
        forms[";"].refuse_other_sample(read_sample(archives, forms[";"]), target, ("bat", "elk", "red elk"))


def test_a_sample_without_the_id_column_is_refused(zipped: Zipped) -> None:
    with pytest.raises(Refusal, match=r"no column `id`, which the card's submission\.id names"):
        read_sample(zipped({"sample.csv": "name,x\na,1\n"}), PROBABILITIES)


def test_a_label_sample_has_a_column_for_each_label_that_is_asked(zipped: Zipped) -> None:
    sample, classes = read_sample(zipped({"sample.csv": "id,size,colour\na,1,0\n"}), LABEL), ("colour=0", "size=1")
    assert (sample.integers, sample.shown_labels) == (True, ("1", "0"))
    several = MultiOutput(kind="multioutput", columns=("colour", "size"), group=None)
    LABEL.refuse_other_sample(sample, several, classes)
    with pytest.raises(
        Refusal, match=r"2 columns besides the id \(size, colour\).* has 1 here.*Correct submission\.kind"
    ):
        LABEL.refuse_other_sample(sample, Multiclass(kind="multiclass", column="x", group=None), ("0", "1"))


def test_test_rows_must_hold_the_samples_ids_and_may_be_more() -> None:
    rows = pd.DataFrame({"part": ["train", "test", "test"], "row_id": ["a", "b", "c"]})

    refuse_other_ids(rows, Sample(("id", "x"), pd.Series(["c", "b", "c"]), False), LABEL, ("x", "y"))
    refuse_other_ids(rows, Sample(("id", "x"), pd.Series(["c"]), False), LABEL, ("x", "y"))
    with pytest.raises(
        Refusal, match=r"2 of its 3 ids are not test rows: a, b\.jpg\. Test rows .*: b \(1 of 2\)\. Correct"
    ):
        refuse_other_ids(rows, Sample(("id", "x"), pd.Series(["a", "b.jpg", "c"]), False), LABEL, ("x", "y"))


def test_lines_are_made_of_rows_and_classes() -> None:
    form = Lines(
        kind="lines",
        sample="s.csv",
        id="ID",
        extra_columns="refused",
        line=LineTemplate(kind="template", template="{row}_{class}"),
        range=None,
    )
    rows = pd.DataFrame({"part": ["train", "test", "test"], "row_id": ["a", "b", "c"]}, dtype="str")
    asked = ["b_x", "b_y", "c_x", "c_y"]

    assert form.all_lines(rows["row_id"].iloc[1:], ("x", "y")).tolist() == asked
    refuse_other_ids(rows, Sample(("ID", "Label"), pd.Series(asked), False), form, ("x", "y"))
    with pytest.raises(
        Refusal,
        match=r"not lines of test rows: a_x\. Lines that submission.line makes .*: b_x, b_y, c_x and 1 more \(4 of 4\)",
    ):
        refuse_other_ids(rows, Sample(("ID", "Label"), pd.Series(["a_x"]), False), form, ("x", "y"))


BY_TABLE = Lines(
    kind="lines",
    sample="s.csv",
    id="RowId",
    extra_columns="refused",
    line=LineTable(
        kind="table", table=(File(kind="file", name="lookup.csv"),), id="Key", row="{Image}.png", name="Feature"
    ),
    range=None,
)
LOOKUP = "Key,Image,Feature\n1,b,x\n2,b,y\n3,c,y\n2,b,y\n"


def test_lines_are_looked_up_in_a_table(zipped: Zipped) -> None:
    """The sample asks for some of the pairs, in its own order and one twice; the table repeats a line."""
    sample = read_sample(zipped({"s.csv": "RowId,Location\n3,0\n1,0\n3,0\n", "lookup.csv": LOOKUP}), BY_TABLE)
    rows = pd.DataFrame({"part": ["train", "test", "test"], "row_id": ["b.png", "b.png", "c.png"]}, dtype="str")

    assert sample.asked.tolist() == ["c.png\ty", "b.png\tx", "c.png\ty"]
    refuse_other_ids(rows, sample, BY_TABLE, ("x", "y"))
    assert line_positions(sample, rows["row_id"].iloc[1:], ("x", "y"), BY_TABLE).tolist() == [3, 0, 3]
    assert line_positions(sample, rows["row_id"].iloc[2:], ("x",), BY_TABLE).tolist() == [-1, -1, -1]


def test_an_id_that_the_table_lacks_is_refused(zipped: Zipped) -> None:
    with pytest.raises(
        Refusal, match=r"s\.csv: 1 of its 2 ids are not in `lookup\.csv`.*: 7\. Ids there \(Key\): 1, 2,"
    ):
        read_sample(zipped({"s.csv": "RowId,Location\n3,0\n7,0\n", "lookup.csv": LOOKUP}), BY_TABLE)


def test_an_id_of_two_meanings_is_refused(zipped: Zipped) -> None:
    with pytest.raises(Refusal, match=r"several things: 2 is b\.png y, b\.png x \(1 such ids\)"):
        read_sample(zipped({"s.csv": "RowId,Location\n3,0\n", "lookup.csv": LOOKUP + "2,b,x\n"}), BY_TABLE)


SET_COLUMNS = SetColumns(kind="set_columns", sample="s.csv", id="id", extra_columns="refused", empty="allowed")


def test_a_sample_of_0_and_1_has_a_column_for_each_class(zipped: Zipped) -> None:
    sample = read_sample(zipped({"s.csv": "x,id,y\n0,007,1\n1.0,8,0\n"}), SET_COLUMNS)
    assert (sample.columns, sample.ids.tolist(), sample.integers) == (("x", "id", "y"), ["007", "8"], False)


def test_a_sample_of_probabilities_is_none_of_0_and_1(zipped: Zipped) -> None:
    with pytest.raises(
        Refusal, match=r"`s\.csv` has '0\.5' in its column `y`, where a submission of kind `set_columns` has 0 or 1"
    ):
        read_sample(zipped({"s.csv": "x,id,y\n0,007,0.5\n"}), SET_COLUMNS)


def test_a_column_for_each_number() -> None:
    form = Number(kind="number", sample="s.csv", id="id", extra_columns="refused", range=None)
    target = Regression(kind="regression", values=Columns(kind="columns", columns=("x", "y")), group=None)
    two = Sample(("x", "id", "y"), pd.Series(["b"]), False)
    form.refuse_other_sample(two, target, ("x", "y"))
    with pytest.raises(Refusal, match=r"2 columns besides the id \(x, y\), a submission of kind `number` has 1 here"):
        form.refuse_other_sample(two, target, ("x",))


WITHOUT_HEADER = HardLabel(
    kind="label",
    sample=Headerless(kind="headerless", name="s.csv", columns=("id", "label")),
    id="id",
    extra_columns="refused",
)


def test_a_sample_without_a_header_has_the_columns_that_the_card_names(zipped: Zipped) -> None:
    sample = read_sample(zipped({"s.csv": "007,1\n8,0\n"}), WITHOUT_HEADER)

    assert (sample.columns, sample.ids.tolist()) == (("id", "label"), ["007", "8"])
    assert sample.integers and not sample.has_header
    with pytest.raises(Refusal, match=r"its lines have 3 fields, the card names 2; the first line is '007,1,x'"):
        read_sample(zipped({"s.csv": "007,1,x\n"}), WITHOUT_HEADER)


NUMBER = Number(kind="number", sample=File(kind="file", name="s.csv"), id="id", extra_columns="refused", range=None)


@pytest.mark.parametrize("form", [NUMBER, PROBABILITIES.model_copy(update={"sample": NUMBER.sample})])
def test_a_sample_of_numbers_shows_numbers_or_nothing(zipped: Zipped, form: Number | ClassProbabilities) -> None:
    assert read_sample(zipped({"s.csv": "id,x\na,\nb, 1e-3\nc,nan\n"}), form).columns == ("id", "x")
    with pytest.raises(
        Refusal, match=r"`s.csv` has 'M' in its column `Sex`.* has numbers\. Name the sample submission"
    ):
        read_sample(zipped({"s.csv": "id,Sex\na,1\nb,M\n"}), form)


@pytest.mark.parametrize(("counted", "ids"), [("line", ["1", "2"]), ("row", ["0", "1"])])
@pytest.mark.parametrize("header", ["emotion\n", ""])
def test_lines_of_a_sample_without_ids_are_counted(zipped: Zipped, counted: str, ids: list[str], header: str) -> None:
    file = File(kind="file", name="s.csv")
    without = Headerless(kind="headerless", name="s.csv", columns=("emotion",))
    form = LABEL.model_copy(update={"id": counted, "sample": file if header else without})
    sample = read_sample(zipped({"s.csv": f"{header}0\n6\n"}), form)
    assert (sample.columns, sample.ids.tolist(), sample.shown_labels) == (("emotion",), ids, ("0", "6"))
    probabilities = PROBABILITIES.model_copy(update={"id": counted, "sample": file})
    assert read_sample(zipped({"s.csv": "x,y\n.5,.5\n.5,.5\n"}), probabilities).ids.tolist() == ids


def test_a_column_without_a_name_is_copied(zipped: Zipped) -> None:
    archives = zipped({"sample.csv": ",Unnamed: 0,id,x\n0,0,a,\n1,1,b,\n"})
    with pytest.raises(
        Refusal, match=r"Unnamed: 0.1 among .*Write `copied: \[\"Unnamed: 0\", \"Unnamed: 0.1\"\]` into"
    ):
        read_sample(archives, LABEL.model_copy(update={"copied": ("Unnamed: 0",)}))
    sample = read_sample(archives, LABEL.model_copy(update={"copied": ("Unnamed: 0", "Unnamed: 0.1")}))
    assert sample.nameless == ("Unnamed: 0.1",)
