import re

import pandas as pd
import pytest

from foldline.archive.table_formats import parse_table
from foldline.card.target import Target
from foldline.card.targets.number_targets import Columns, NumberLines, Regression, without_commas
from foldline.card.targets.sample_columns import SampleColumns
from foldline.card.targets.several_labels import Delimited, LabelLines, Multilabel, MultiOutput, OneHot
from foldline.card.targets.single_labels import Binary, Multiclass, Ordinal
from foldline.files.refusal import Refusal

TABLE = pd.DataFrame(
    {
        "label": ["Cover", "JUNIWARD", "Cover"],
        "tags": ["clear  primary", "", "haze haze"],
        "scab": ["1", "0", "0"],
        "rust": ["1.0", "0", "1"],
        "level": ["0", "2", "10"],
        "score": ["1.5", "-3", "1e2"],
        "hole": ["a", "", "b"],
        "gap": ["", "2", "7"],
        "comma": ["1,5", "2", ",5"],
        "empty": ["", "", ""],
        "ID": ["x_any", "x_epi", "y_any"],
    },
    dtype="str",
)
COVER = Binary(kind="binary", column="label", group=None, negative="Cover", positive=None)


def several(labels: Delimited | OneHot | LabelLines) -> Multilabel:
    return Multilabel(kind="multilabel", labels=labels, group=None)


@pytest.mark.parametrize(
    ("target", "found"),
    [
        (Multiclass(kind="multiclass", column="label", group=None), ["Cover", "JUNIWARD", "Cover"]),
        (COVER, ["Cover", "not Cover", "Cover"]),
        (COVER.model_copy(update={"positive": "JUNIWARD"}), ["Cover", "JUNIWARD", "Cover"]),
        (
            COVER.model_copy(update={"negative": None, "positive": "JUNIWARD"}),
            ["not JUNIWARD", "JUNIWARD", "not JUNIWARD"],
        ),
        (
            MultiOutput(kind="multioutput", columns=("label", "level"), group=None),
            [("label=Cover", "level=0"), ("label=JUNIWARD", "level=2"), ("label=Cover", "level=10")],
        ),
        (
            MultiOutput(kind="multioutput", columns=("hole", "gap"), group=None),
            [("hole=a",), ("gap=2",), ("hole=b", "gap=7")],
        ),
        (Ordinal(kind="ordinal", column="level", group=None, levels=None), ["0", "2", "10"]),
        (Ordinal(kind="ordinal", column="level", group=None, levels=("0", "2", "10")), ["0", "2", "10"]),
        (
            Regression(kind="regression", values=Columns(kind="columns", columns=("score",)), group=None),
            [(("score", 1.5),), (("score", -3.0),), (("score", 100.0),)],
        ),
    ],
)
def test_one_thing_per_line(target: Target, found: list[object]) -> None:
    assert target.read(TABLE, "train.csv").tolist() == found


@pytest.mark.parametrize(
    ("labels", "sets"),
    [
        (Delimited(kind="delimited", column="tags", delimiter=" "), [("clear", "primary"), (), ("haze",)]),
        (OneHot(kind="columns", columns=("scab", "rust")), [("scab", "rust"), (), ("rust",)]),
    ],
)
def test_sets_of_labels(labels: Delimited | OneHot, sets: list[tuple[str, ...]]) -> None:
    assert several(labels).read(TABLE, "train.csv").tolist() == sets


def test_of_several_numbers_some_may_be_missing() -> None:
    target = Regression(kind="regression", values=Columns(kind="columns", columns=("score", "gap")), group=None)
    found = target.read(TABLE, "train.csv")
    assert [dict(row) for row in found] == [{"score": 1.5}, {"score": -3, "gap": 2}, {"score": 100, "gap": 7}]


@pytest.mark.parametrize("number", ["inf", "1e999", "1e39"])
def test_refuses_numbers_that_targets_cannot_hold(number: str) -> None:
    """They are float32, of which 1e39 is infinite."""
    target = Regression(kind="regression", values=Columns(kind="columns", columns=("score",)), group=None)
    with pytest.raises(Refusal, match=number):
        target.read(pd.DataFrame({"score": ["1.5", number]}), "train.csv")


def test_a_line_per_row_and_class_or_number() -> None:
    """Lines of one row are united: its labels, its numbers."""
    ids = pd.Series(["x", "x", "y"])
    labels = several(LabelLines(kind="lines", name="{ID.tail}", column="rust"))
    lines = pd.DataFrame({"row_id": ids, "target": labels.read(TABLE, "train.csv")})
    assert labels.united(lines)["target"].tolist() == [("any",), ("any",), ("any",)]
    numbers = Regression(
        kind="regression", values=NumberLines(kind="lines", name="{ID.tail}", column="score"), group=None
    )
    lines = pd.DataFrame({"row_id": ids, "target": numbers.read(TABLE, "train.csv")})
    both = {"any": 1.5, "epi": -3}
    assert [dict(row) for row in numbers.united(lines)["target"]] == [both, both, {"any": 100}]
    with pytest.raises(Refusal, match=r"contradicts itself: `any` is 1\.5 and 100 for one row\."):
        numbers.united(lines.assign(row_id="x"))


@pytest.mark.parametrize("delimiter", [" ", ",", "|"])
def test_labels_in_lists_keep_their_blanks(delimiter: str) -> None:
    content = b'{"tags": ["polar bear", "cat"]}\n{"tags": ["dog"]}\n{"tags": []}\n{"tags": ["a, \\"b|\\u00e9 "]}'
    found = several(Delimited(kind="delimited", column="tags", delimiter=delimiter))
    read = found.read(parse_table(content, "t.jsonl"), "t.jsonl")
    assert read.tolist() == [("polar bear", "cat"), ("dog",), (), ('a, "b|\u00e9',)]


INTEGERS = Ordinal(kind="ordinal", column="level", group=None, levels=None)


@pytest.mark.parametrize("label", ["01", "+1", "-0", "\uff11", "1.0", ""])
def test_integers_in_another_spelling_than_their_levels_name_are_refused(label: str) -> None:
    with pytest.raises(Refusal, match=rf"`level` is '{re.escape(label)}'|is empty on line 3"):
        INTEGERS.read(pd.DataFrame({"level": ["1", label]}, dtype="str"), "train.csv")


def test_a_code_far_from_all_levels_makes_no_levels_between() -> None:
    sample = SampleColumns("sample.csv", "answer", ("level",))
    assert INTEGERS.classes(pd.Series(["-1", "2"]), sample) == ("-1", "0", "1", "2")
    with pytest.raises(Refusal, match=r"levels go from 0 to 1000, and target.levels is null: each integer between"):
        INTEGERS.classes(pd.Series(["0", "1000"]), sample)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (
            Multiclass(kind="multiclass", column="hole", group=None),
            "`hole` is empty on line 3 (1 lines): it must be a label; name another column in the card, or change",
        ),
        (
            COVER.model_copy(update={"positive": "UERD"}),
            "`label` is 'JUNIWARD' on line 3 (1 lines): it must be Cover, UERD (target.negative, target.positive)",
        ),
        (
            Ordinal(kind="ordinal", column="label", group=None, levels=None),
            "`label` is 'Cover', 'JUNIWARD' on line 2, 3, 4 (3 lines): it must be an integer",
        ),
        (
            Ordinal(kind="ordinal", column="level", group=None, levels=("0", "2")),
            "`level` is '10' on line 4 (1 lines): it must be 0, 2 (target.levels)",
        ),
        (
            Regression(kind="regression", values=Columns(kind="columns", columns=("label",)), group=None),
            "it must be a number; correct target.kind",
        ),
        (
            Regression(kind="regression", values=Columns(kind="columns", columns=("comma",)), group=None),
            "it must be a number with a decimal point, without a comma; write it so in a function of your own "
            "(docs/own-code.md): table.assign(**{'comma': table['comma'].str.replace(',', '.')}).",
        ),
        (
            Regression(kind="regression", values=Columns(kind="columns", columns=("gap",)), group=None),
            "`gap` is empty on line 2 (1 lines): it must be a number",
        ),
        (
            Regression(kind="regression", values=Columns(kind="columns", columns=("gap", "empty")), group=None),
            "`gap` is empty on line 2 (1 lines): it must be a number where the other",
        ),
        (
            several(OneHot(kind="columns", columns=("scab", "level"))),
            "`level` is '2', '10' on line 3, 4 (2 lines): it must",
        ),
    ],
)
def test_what_the_target_cannot_be_is_refused_with_the_line(target: Target, message: str) -> None:
    with pytest.raises(Refusal) as refusal:
        target.read(TABLE, "train.csv")

    assert str(refusal.value).startswith("train.csv: ")
    assert message in str(refusal.value)


@pytest.mark.parametrize(
    ("fields", "instead"),
    [
        (["1,5", "1,000"], ["."]),
        (["0,125"], ["."]),
        (["1,234,567", "1,000"], [""]),
        (["1,000.5"], [""]),
        (["1,000", "12"], [".", ""]),
        (["1,5", "1,234,567"], [".", ""]),
        (["cat", "1.5"], []),
    ],
)
def test_a_comma_gets_the_cure_that_is_right_for_it_and_both_where_it_may_be_either(
    fields: list[str], instead: list[str]
) -> None:
    cure = without_commas(pd.Series(fields, dtype="str", name="x")) or ""
    assert [one for one in (".", "") if f".str.replace(',', {one!r})" in cure] == instead
    assert ("parts thousands" in cure) == (len(instead) == 2)
