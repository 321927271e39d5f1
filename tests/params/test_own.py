import sys
from pathlib import Path

import pytest

from foldline.files.refusal import Refusal
from foldline.params.own import Own, blamed, load_own
from foldline.params.section import parse


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(
        "import math\n"
        "from dataclasses import dataclass\n"
        "LIMIT = 3\n"
        "@dataclass\n"
        "class Doubled:\n"
        "    by: float\n"
        "    def __call__(self, value):\n"
        "        return math.log(value) * self.by\n"
        "def halved(value):\n"
        "    return value / 2\n"
    )
    return path


def test_functions_and_classes(file: Path) -> None:
    assert load_own(file, "halved")(4) == 2
    assert load_own(file, "Doubled")(by=2.0)(1.0) == 0


def test_a_file_is_imported_once_until_it_changes(file: Path) -> None:
    before = load_own(file, "halved")
    assert load_own(file, "halved") is before
    file.write_text("def halved(value):\n    return value // 2\n")
    assert load_own(file, "halved")(5) == 2


def test_a_file_hides_no_library(tmp_path: Path) -> None:
    import json

    (tmp_path / "json.py").write_text("def dumps(value):\n    return 'mine'\n")
    assert load_own(tmp_path / "json.py", "dumps")(1) == "mine"
    assert sys.modules["json"] is json


def test_an_absent_file_is_refused_with_what_its_folder_has(file: Path) -> None:
    with pytest.raises(Refusal, match=r"other\.py does not exist.*has: mine\.py"):
        load_own(file.with_name("other.py"), "halved")
    with pytest.raises(Refusal, match="There is no folder"):
        load_own(file.parent / "absent" / "other.py", "halved")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def f(:\n    pass\n", r"mine\.py is not valid Python: .*line 1: def f\(:"),
        ("import absent_library\n", r"cannot be imported: ModuleNotFoundError.*line 1: import absent_library"),
        ("def g():\n    return 1 / 0\n\ng()\n", r"ZeroDivisionError.*line 2: return 1 / 0"),
    ],
)
def test_mistakes_in_the_file_are_shown_by_line(file: Path, text: str, message: str) -> None:
    file.write_text(text)
    before = set(sys.modules)
    with pytest.raises(Refusal, match=message):
        load_own(file, "f")
    assert not [name for name in set(sys.modules) - before if name.startswith("own_mine_")]


def test_other_names_and_values_are_refused(file: Path) -> None:
    with pytest.raises(Refusal, match=r"has no `doubled`\. It defines: Doubled, halved\."):
        load_own(file, "doubled")
    with pytest.raises(Refusal, match=r"`LIMIT` is a value \(3\)"):
        load_own(file, "LIMIT")


def test_what_fails_later_names_the_line(file: Path) -> None:
    with (
        pytest.raises(Refusal, match=r"`Doubled` failed: ValueError.*\(line 8: return math\.log"),
        blamed(file, "Doubled"),
    ):
        load_own(file, "Doubled")(by=1.0)(-1.0)


def test_other_keys_are_arguments() -> None:
    own = parse({"kind": "python", "file": "input/own/a.py", "name": "f", "margin": 0.5}, Own, "params.yaml")
    assert own.arguments == {"margin": 0.5}


@pytest.mark.parametrize("path", ["a.py", "input/own/../a.py", "/input/own/a.py", "input/own/a.txt"])
def test_own_files_of_experiments_lie_in_one_folder(path: str) -> None:
    with pytest.raises(Refusal, match="below input/own/"):
        parse({"kind": "python", "file": path, "name": "f"}, Own, "params.yaml")
