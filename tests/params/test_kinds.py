"""A folder's classes are the members of a union, and a refusal names them as it names those of a union written out."""

import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any, get_args

import pytest
from pydantic import create_model

from foldline.files.refusal import Refusal
from foldline.params.kinds import union_of
from foldline.params.section import Kinds, Section, parse

FILES = {
    "base.py": "from foldline.params.section import Section\nclass Curve(Section):\n    peak: float",
    "steep.py": """
        from typing import Literal
        from room_of_kinds.base import Curve
        class Steep(Curve):
            kind: Literal["steep"]
        class Abrupt(Curve):
            kind: Literal["abrupt"]
            epochs: int
        """,
    "flat.py": """
        from typing import Literal
        from foldline.params.section import Section
        from room_of_kinds.base import Curve
        from room_of_kinds.steep import Steep
        class Flat(Curve):
            kind: Literal["flat"]
        class Other(Section):
            kind: Literal["other"]
        """,
    "door.py": """
        from typing import Annotated
        from foldline.params.kinds import union_of
        from room_of_kinds.base import Curve
        Curves = Annotated[Curve, union_of("room_of_kinds", Curve)]
        """,
}


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "room_of_kinds"
    folder.mkdir()
    for name, text in {"__init__.py": "", **FILES}.items():
        (folder / name).write_text(textwrap.dedent(text))
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    for name in [name for name in sys.modules if name.split(".")[0] == "room_of_kinds"]:
        del sys.modules[name]


def names_of(kinds: Kinds) -> list[str]:
    return [member.__name__ for member in kinds.members]


def test_modules_come_by_name_and_classes_as_they_are_defined(room: Path) -> None:
    door = pytest.importorskip("room_of_kinds.door")
    assert names_of(get_args(door.Curves)[1]) == ["Flat", "Steep", "Abrupt"]


def test_a_room_may_be_one_module_and_have_rooms_in_it(room: Path) -> None:
    (room / "inner").mkdir()
    (room / "inner" / "__init__.py").touch()
    (room / "inner" / "deep.py").write_text((room / "steep.py").read_text())
    base = pytest.importorskip("room_of_kinds.base")
    assert names_of(union_of("room_of_kinds.steep", base.Curve)) == ["Steep", "Abrupt"]
    assert names_of(union_of("room_of_kinds", base.Curve)) == ["Flat", "Steep", "Abrupt", "Steep", "Abrupt"]


def test_one_kind_is_no_union(room: Path) -> None:
    base = pytest.importorskip("room_of_kinds.base")
    assert [kind.__name__ for kind in union_of("room_of_kinds.flat", base.Curve).members] == ["Flat"]
    curve: Any = Annotated[base.Curve, union_of("room_of_kinds.flat", base.Curve)]
    assert type(parse({"kind": "flat", "peak": 1}, curve, "a.yaml")).__name__ == "Flat"
    with pytest.raises(Refusal, match=r"`c.kind` is 'flatt'. Did you mean `flat`"):
        parse({"kind": "flatt", "peak": 1}, curve, "a.yaml", ("c",))
    with pytest.raises(ImportError, match=r"room_of_kinds\.base holds no kind of Curve"):
        union_of("room_of_kinds.base", base.Curve)


def test_refusals_name_the_kinds_and_the_keys(room: Path) -> None:
    door = pytest.importorskip("room_of_kinds.door")
    whole = create_model("Whole", __base__=Section, curve=(door.Curves, ...), more=(tuple[door.Curves, ...], ()))
    read = parse({"curve": {"kind": "abrupt", "peak": 1, "epochs": 2}}, whole, "a.yaml")
    assert SimpleNamespace(**dict(read)).curve.epochs == 2
    for value, message in [
        ({"kind": "stepp"}, "a.yaml: `curve.kind` is 'stepp'. Did you mean `steep`? Valid: 'flat', 'steep', 'abrupt'."),
        ({"kind": "flat", "peak": 1, "peek": 1}, "`curve.peek` is not a known key. Did you mean `peak`?"),
        ({"kind": "abrupt", "peak": 1}, "`curve.epochs` is missing."),
    ]:
        with pytest.raises(Refusal) as refused:
            parse({"curve": value}, whole, "a.yaml")
        assert message in str(refused.value)


def test_a_kind_that_imports_the_door_is_an_error_and_not_a_gap(room: Path) -> None:
    (room / "flat.py").write_text("from room_of_kinds.door import Curves\n" + textwrap.dedent(FILES["flat.py"]))
    with pytest.raises(ImportError, match=r"room_of_kinds\.flat is a module of the room"):
        __import__("room_of_kinds.flat")
