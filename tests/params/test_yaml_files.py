"""What yaml reads as something else than it says stays text; numbers, truths and nothing stay what they are."""

from pathlib import Path

import pytest
import yaml

from foldline.card.targets.target_kind import Label
from foldline.files.refusal import Refusal
from foldline.params.section import parse
from foldline.params.yaml_files import PlainLoader, read_yaml


@pytest.mark.parametrize("text", ["010", "007", "0x10", "0b1", "1:30", "2020-01-01", "1_000", "+1", "-0x1", "1e5"])
def test_what_is_no_plain_number_is_text(text: str) -> None:
    assert yaml.load(f"[{text}, {{{text}: {text}}}]", PlainLoader) == [text, {text: text}]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("-12", -12),
        ("1.50", 1.5),
        ("-.5", -0.5),
        ("3.", 3.0),
        ("1.0e-3", 0.001),
        ("yes", True),
        ("off", False),
        ("null", None),
        ("~", None),
    ],
)
def test_plain_values_are_read(text: str, value: object) -> None:
    (read,) = yaml.load(f"[{text}]", PlainLoader)
    assert read == value and type(read) is type(value)


def test_a_key_that_is_no_label_is_named() -> None:
    with pytest.raises(Refusal, match=r"`values.1.5` is a key: yaml reads it so; write a label as the table does, in"):
        parse({"values": {1.5: "a"}}, dict[str, dict[Label, Label]], "card.yaml")


@pytest.mark.parametrize("text", [".nan", ".inf", "-.inf", ".Inf", "1.0e999"])
def test_refuses_numbers_that_are_not_finite(text: str, tmp_path: Path) -> None:
    """Of params.yaml and of a card alike, in keys that are any value, too."""
    path = tmp_path / "params.yaml"
    path.write_text(f"train:\n  options: [{{rate: {text}}}]\n")
    with pytest.raises(Refusal, match=rf"params.yaml is not valid yaml: {text} is not a finite number.*\n.*line 2"):
        read_yaml(path)
    path.write_text(f"label: '{text}'\n")
    assert read_yaml(path) == {"label": text}
