from pathlib import Path

import pytest

from foldline.card.description import Classes, read_classes, read_description, write_description
from foldline.card.targets.single_labels import Multiclass
from foldline.files.refusal import Refusal

BREEDS = Classes(names=("pug", "NA", "Épagneul"), sizes=(3,), activations=Multiclass.activations)


def test_classes_keep_their_order_and_letters(tmp_path: Path) -> None:
    path = tmp_path / "classes.json"
    write_description(path, BREEDS)
    assert "Épagneul" in path.read_text(encoding="utf-8")
    assert read_description(path) == BREEDS
    assert read_classes(path) == ("pug", "NA", "Épagneul")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "names"),
        ('["pug", "dingo"]', "must hold"),
        ('{"names": [], "sizes": [0], "activations": {}}', "names"),
        ('{"names": ["a", "b"], "sizes": [2], "activations": {"each": "odds"}}', "activations"),
        ('{"names": ["pug", "pug"], "sizes": [2], "activations": {}}', "names pug more than once"),
        ("[", "is not valid JSON"),
    ],
)
def test_untrue_classes_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "classes.json"
    path.write_text(text)
    with pytest.raises(Refusal) as refusal:
        read_description(path)
    assert message in str(refusal.value)
    assert "Run `dvc repro -f -s prepare`." in str(refusal.value) or "JSON" in message
