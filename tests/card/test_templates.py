import pandas as pd
import pytest

from foldline.card.layouts.table import TablePart
from foldline.card.templates import columns_of, filled, parse_template
from foldline.files.refusal import Refusal
from foldline.params.section import parse

TABLE = pd.DataFrame({"id": ["ab", "c"], "set name": ["x y", ""]}, dtype="str")


@pytest.mark.parametrize(
    ("template", "paths"),
    [
        ("train/{id}.jpg", ["train/ab.jpg", "train/c.jpg"]),
        ("{set name}/{id}", ["x y/ab", "/c"]),
        ("{id[0]}/{id[1]}/{id}.npy", ["a/b/ab.npy", "c//c.npy"]),
        ("{id[-1]}{{}}", ["b{}", "c{}"]),
        ("{id:03}_{id:01}", ["0ab_ab", "00c_c"]),
    ],
)
def test_templates_take_values_and_characters(template: str, paths: list[str]) -> None:
    assert filled(parse_template(template), TABLE).tolist() == paths


def test_a_stem_is_a_file_name_without_its_suffix() -> None:
    table = pd.DataFrame({"id": ["a.b.jpg", ".jpg", "x.y/z", r"x.y\z.jpg"]}, dtype="str")
    assert filled(parse_template("{id.stem}.png"), table).tolist() == ["a.b.png", ".jpg.png", "x.y/z.png", "x.y/z.png"]


def test_what_is_before_and_after_the_last_underscore() -> None:
    table = pd.DataFrame({"ID": ["ID_00_any", "ID_1_b", "plain"]}, dtype="str")
    assert filled(parse_template("{ID.head}.dcm"), table).tolist() == ["ID_00.dcm", "ID_1.dcm", ".dcm"]
    assert filled(parse_template("{ID.tail}"), table).tolist() == ["any", "b", "plain"]


def test_template_columns_are_those_between_braces() -> None:
    assert columns_of(parse_template("{a}/{b[0]}/c/{a}.png")) == ("a", "b", "a")


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("train/image.jpg", "names no column"),
        ("train/{id:05d}.jpg", "between braces it takes a column"),
        ("train/{id!r}.jpg", "between braces it takes a column"),
        ("train/{}.jpg", "between braces it takes a column"),
        ("train/{id[0].jpg", "expected '}' before end of string"),
        ("train/{id.jpg", "expected '}' before end of string"),
    ],
)
def test_a_broken_template_is_refused_with_the_card(template: str, message: str) -> None:
    with pytest.raises(Refusal) as refusal:
        parse(
            {"kind": "table", "table": "a.csv", "id": "id", "path": template},
            TablePart,
            "card.yaml",
            ("layout", "train"),
        )

    assert f"card.yaml: `layout.train.path` is '{template}': " in str(refusal.value)
    assert message in str(refusal.value)
