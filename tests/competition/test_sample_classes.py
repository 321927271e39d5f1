import pandas as pd
import pytest

from foldline.archive.archives import Archives
from foldline.card.forms import number_forms as numbers
from foldline.card.forms.label_forms import HardLabel
from foldline.card.forms.number_forms import ClassProbabilities, Number, ProbabilityColumns
from foldline.card.source_steps import File
from foldline.card.submission import Submission
from foldline.card.target import Target
from foldline.card.targets.number_targets import Columns, NumberLines, Regression
from foldline.card.targets.sample_columns import SampleColumns, sorted_labels
from foldline.card.targets.several_labels import Delimited, Multilabel, MultiOutput, OneHot
from foldline.card.targets.single_labels import Binary, Multiclass, Ordinal
from foldline.competition.sample import columns_of_sample, read_sample
from foldline.files.refusal import Refusal
from foldline.params.section import parse
from tests.conftest import Zipped

MULTICLASS = Multiclass(kind="multiclass", column="label", group=None)
TAGS = Multilabel(kind="multilabel", labels=Delimited(kind="delimited", column="tags", delimiter=" "), group=None)
COLUMNS = Multilabel(kind="multilabel", labels=OneHot(kind="columns", columns=("scab", "rust")), group=None)
PROBABILITIES = ClassProbabilities(kind="class_probabilities", sample="sample.csv", id="id", extra_columns="refused")
LABEL = HardLabel(kind="label", sample="sample.csv", id="id", extra_columns="refused")


def ordinal(*levels: str) -> Ordinal:
    return Ordinal(kind="ordinal", column="x", group=None, levels=levels or None)


def rows(*found: object) -> pd.Series:
    return pd.Series(found, dtype=object)


def find_classes(archives: Archives, found: pd.Series, target: Target, form: Submission) -> tuple[str, ...]:
    if "sample.csv" not in archives:
        return target.classes(found, SampleColumns("sample.csv", "row", ()))
    classes = target.classes(found, columns_of_sample(archives, form))
    if form.column_per == "output":
        form.refuse_other_sample(read_sample(archives, form), target, classes)
    return classes


def test_classes_are_the_columns_of_the_sample(zipped: Zipped) -> None:
    archives = zipped({"sample.csv": "pug,id,husky,NA\n0,x,0,0\n"})

    assert find_classes(archives, rows("husky", "pug"), MULTICLASS, PROBABILITIES) == ("pug", "husky", "NA")


def test_the_positive_class_comes_second_and_levels_rise_whatever_the_columns_order(zipped: Zipped) -> None:
    archives = zipped({"sample.csv": "id,1,0\nx,0,0\n"})
    binary = Binary(kind="binary", column="x", group=None, negative="0", positive="1")

    assert find_classes(archives, rows("1", "0"), binary, PROBABILITIES) == ("0", "1")
    assert find_classes(archives, rows("1", "0"), ordinal(), PROBABILITIES) == ("0", "1")


@pytest.mark.parametrize(
    ("target", "found", "classes"),
    [
        (MULTICLASS, ("10", "9", "10"), ("9", "10")),
        (Binary(kind="binary", column="x", group=None, negative="0", positive="1"), ("1", "0"), ("0", "1")),
        (
            Binary(kind="binary", column="x", group=None, negative="Cover", positive=None),
            ("not Cover", "Cover"),
            ("Cover", "not Cover"),
        ),
        (TAGS, (("b", "a c"), (), ("b",)), ("a c", "b")),
        (COLUMNS, (("rust",), ()), ("scab", "rust")),
        (
            MultiOutput(kind="multioutput", columns=("size", "colour"), group=None),
            (("size=10", "colour=red"), ("size=2", "colour=blue")),
            ("size=2", "size=10", "colour=blue", "colour=red"),
        ),
        (ordinal(), ("4", "0", "2"), ("0", "1", "2", "3", "4")),
        (ordinal("low", "mid", "high"), ("mid", "low"), ("low", "mid", "high")),
        (
            Regression(kind="regression", values=Columns(kind="columns", columns=("score",)), group=None),
            ((("score", 1.5),), (("score", 2.0),)),
            ("score",),
        ),
    ],
)
def test_without_class_columns_card_and_labels_name_them(
    zipped: Zipped, target: Target, found: tuple[object, ...], classes: tuple[str, ...]
) -> None:
    assert find_classes(zipped({}), rows(*found), target, LABEL) == classes


BY_LINE = numbers.Lines(
    kind="lines", sample="sample.csv", id="id", extra_columns="refused", line="{row}_{class}", range=None
)


def test_numbers_have_the_samples_order_and_must_be_its_columns(zipped: Zipped) -> None:
    archives = zipped({"sample.csv": "id,y,x\n0,0,0\n", "other.csv": "id,y,z\n0,0,0\n"})
    form = Number(kind="number", sample="sample.csv", id="id", extra_columns="refused", range=None)
    target = Regression(kind="regression", values=Columns(kind="columns", columns=("x", "y")), group=None)
    assert find_classes(archives, rows((("x", 1.0), ("y", 2.0))), target, form) == ("y", "x")
    with pytest.raises(
        Refusal, match=r"other.csv has no column for 1 of the train labels: x\. It has columns without a train row: z\."
    ):
        find_classes(
            archives,
            rows((("x", 1.0), ("y", 2.0))),
            target,
            form.model_copy(update={"sample": File(kind="file", name="other.csv")}),
        )
    wide = zipped({"sample.csv": "id,y,x,w\n0,0,0,0\n"})
    with pytest.raises(Refusal, match=r"sample.csv has columns without a train row: w\. Correct the card"):
        find_classes(wide, rows((("x", 1.0), ("y", 2.0))), target, form)
    lines = target.model_copy(update={"values": NumberLines(kind="lines", name="n", column="v")})
    assert find_classes(archives, rows((("b", 1.0),), (("a", 2.0),)), lines, BY_LINE) == ("a", "b")


def test_a_label_without_a_column_is_refused_with_both_differences(zipped: Zipped) -> None:
    archives = zipped({"sample.csv": "id,pug,husky\nx,0,0\n"})
    with pytest.raises(Refusal) as refusal:
        find_classes(archives, rows("pug", "Husky", "dingo"), MULTICLASS, PROBABILITIES)

    assert "no column for 2 of the train labels: Husky, dingo" in str(refusal.value)
    assert "columns without a train row: husky" in str(refusal.value)


def test_a_sample_of_lines_is_told_of_their_kind(zipped: Zipped) -> None:
    archives = zipped({"sample.csv": "id,probability\nx_pug,0\nx_husky,0\n"})
    with pytest.raises(Refusal, match=r"Where it has a line per row and class, submission.kind is `lines`"):
        find_classes(archives, rows("pug", "husky"), MULTICLASS, PROBABILITIES)


def test_a_column_without_any_label_is_refused(zipped: Zipped) -> None:
    both = MultiOutput(kind="multioutput", columns=("size", "colour"), group=None)
    with pytest.raises(Refusal, match="No train row has a label as `colour`, one of target"):
        find_classes(zipped({}), rows(("size=2",), ("size=3",)), both, LABEL)


BOTH = MultiOutput(kind="multioutput", columns=("left", "right"), group=None)
DEGREES = (("left=mild", "right=bad"), ("left=bad",))
GIVEN = {"sample": "sample.csv", "id": "id", "extra_columns": "refused"}


def test_columns_that_are_asked_for_in_lines_share_the_labels_of_the_sample(zipped: Zipped) -> None:
    """Also those that no train row has in a column."""
    form = parse({"kind": "probability_lines", "line": "{row}_{class}", **GIVEN}, Submission, "card")
    archives = zipped({"sample.csv": "id,mild,worse,bad\nx,0,0,0\n"})
    labels = ("mild", "worse", "bad")
    expected = (*(f"left={label}" for label in labels), *(f"right={label}" for label in labels))
    assert find_classes(archives, rows(*DEGREES), BOTH, form) == expected
    with pytest.raises(
        Refusal, match=r"sample.csv has no column for 1 of the train labels: worst\. It has columns without"
    ):
        find_classes(archives, rows(*DEGREES, ("right=worst",)), BOTH, form)


def test_a_column_for_each_column_and_label_must_be_the_samples(zipped: Zipped) -> None:
    form = ProbabilityColumns(kind="probability_columns", column="{column}_{label}", **GIVEN)
    archives = zipped({"sample.csv": "id,left_mild,right_mild,left_bad,right_bad\nx,0,0,0,0\n"})
    texts = rows(*DEGREES, ("right=mild",))
    assert find_classes(archives, texts, BOTH, form) == ("left=bad", "left=mild", "right=bad", "right=mild")
    with pytest.raises(Refusal, match=r"sample.csv has columns without a train row: right_mild\."):
        find_classes(archives, rows(*DEGREES), BOTH, form)
    with pytest.raises(
        Refusal, match=r"submission.column is '{label}', which gives several classes .* name bad, mild\."
    ):
        find_classes(archives, texts, BOTH, form.model_copy(update={"column": "{label}"}))


def test_one_label_alone_is_refused(zipped: Zipped) -> None:
    with pytest.raises(Refusal, match=r"have 1 label \(pug\): there is nothing to learn"):
        find_classes(zipped({}), rows("pug", "pug"), MULTICLASS, LABEL)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"10", "9", "-1", "1.5"}, ("-1", "1.5", "9", "10")),
        ({"10", "9", "nan"}, ("10", "9", "nan")),
        ({"01", "1"}, ("01", "1")),
    ],
)
def test_labels_sort_by_number_when_all_are_numbers(labels: set[str], expected: tuple[str, ...]) -> None:
    assert sorted_labels(labels) == expected
