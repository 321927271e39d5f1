from pathlib import Path

import pytest

from foldline.files.class_names import read_classes, write_classes
from foldline.files.refusal import Refusal


def test_classes_keep_their_order_and_letters(tmp_path: Path) -> None:
    write_classes(tmp_path / "classes.json", ("pug", "NA", "Épagneul"))

    assert "Épagneul" in (tmp_path / "classes.json").read_text(encoding="utf-8")
    assert read_classes(tmp_path / "classes.json") == ("pug", "NA", "Épagneul")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "must hold a list of class names"),
        ("[1, 2]", "must hold a list of class names"),
        ("[]", "must hold a list of class names"),
        ('["pug", "pug"]', "names a class twice"),
        ("[", "is not valid JSON"),
    ],
)
def test_untrue_classes_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "classes.json"
    path.write_text(text)

    with pytest.raises(Refusal) as refusal:
        read_classes(path)

    assert message in str(refusal.value)
