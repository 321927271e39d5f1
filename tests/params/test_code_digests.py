"""Digests of code: what it means counts, how it is written does not, and a room counts as a whole."""

import ast
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grimp
import pytest
import yaml

from foldline.params import code_digests
from foldline.params.code_digests import meaning, modules_of, own_files, own_graph, script_digests, source_of
from foldline.params.own import Own
from pipelines.code import stages_with_code

CODE = '''
"""What it is."""
from math import pi  # a comment


class Circle:
    """Round."""

    radius: float
    """In pixels."""

    def area(self) -> float:
        """Of its disc."""
        return pi * self.radius**2
'''
SAME = '''
from math import pi
class Circle:
    """Round, and written otherwise."""
    radius: float
    def area(self) -> float:
        return (
            pi * self.radius ** 2  # Archimedes
        )
'''


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return own_graph()


def test_comments_docstrings_and_layout_mean_nothing() -> None:
    assert meaning(CODE) == meaning(SAME)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("radius**2", "radius**3"),
        ("radius: float", "radius: int"),
        ("import pi", "import tau as pi"),
        ("pi * self.radius**2", "self.radius**2 * pi"),
        ("-> float", ""),
        ("return", "yield"),
    ],
)
def test_whatever_could_compute_something_else_does(before: str, after: str) -> None:
    assert meaning(CODE.replace(before, after)) != meaning(CODE)


def test_a_constant_counts_with_its_type() -> None:
    assert len({meaning(f"x = {value}") for value in ("1", "1.0", "True", "'1'", "b'1'", "None")}) == 6


def test_fields_that_only_some_versions_of_python_have_count_where_they_are_filled() -> None:
    """3.12 added `type_params`, 3.13 leaves out empty lists when it is not asked for them; 3.11 knows neither."""
    tree = ast.parse("def f(x): return x\nu'text'.upper()")
    function = tree.body[0]
    assert isinstance(function, ast.FunctionDef)
    function.type_params = []  # type: ignore[attr-defined]  # of Python 3.12
    plain = meaning("def f(x): return x\n'text'.upper()")
    assert code_digests._dump(tree) == plain
    del function.decorator_list
    assert code_digests._dump(tree) == plain


def test_an_empty_text_means_nothing_in_a_format_and_something_elsewhere() -> None:
    tree = ast.parse("f'{x:{y}}'")
    format_spec = tree.body[0].value.values[0].format_spec  # type: ignore[attr-defined]
    plain = code_digests._dump(tree)
    format_spec.values.append(ast.Constant(""))  # as Python 3.12 does
    assert code_digests._dump(tree) == plain
    assert meaning("x = ['', 'a']") != meaning("x = ['a']")


def test_a_script_counts_what_it_imports_transitively(graph: grimp.ImportGraph) -> None:
    modules = modules_of("pipelines.split", graph)
    assert {"pipelines.split", "pipelines.running", "foldline.files.refusal"} <= set(modules)
    assert not [module for module in modules if module.startswith("foldline.local_kaggle")]


def test_a_room_counts_as_a_whole_for_who_imports_its_door(graph: grimp.ImportGraph) -> None:
    """`card/layout.py` opens `card/layouts`: no module names the kinds."""
    assert list(code_digests._rooms("Losses = union_of('foldline.losses', Loss)")) == ["foldline.losses"]
    with pytest.raises(TypeError, match="plain text"):
        list(code_digests._rooms("Losses = union_of(room, Loss)"))
    plain = grimp.build_graph("foldline", cache_dir=None, exclude_type_checking_imports=True)
    kind = "foldline.card.layouts.walk"
    assert not plain.find_modules_that_directly_import(kind)
    assert kind in modules_of("foldline.card.layout", graph)
    assert kind in modules_of("pipelines.prepare", graph)


@pytest.fixture(scope="module")
def digests(graph: grimp.ImportGraph) -> Callable[[str, Callable[[str], str]], dict[str, str]]:
    """A function from a module and an edit of its source to the digests of the stages' scripts."""
    scripts: dict[str, list[Path]] = {f"pipelines.{stage}": [] for stage in STAGES}
    read_meaning = functools.cache(meaning)  # of hundreds of modules of which one is edited

    def of_edited(module: str, edit: Callable[[str], str]) -> dict[str, str]:
        read = Path.read_text

        def read_edited(path: Path, *arguments: Any, **named: Any) -> str:
            text = read(path, *arguments, **named)
            return edit(text) if path == source_of(module) else text

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(Path, "read_text", read_edited)
            patched.setattr(code_digests, "meaning", read_meaning)
            return script_digests(scripts, graph)

    return of_edited


STAGES = [stage for stage, _ in stages_with_code()]
READERS = {"check", "prepare"}
"""`check` is stale with them in a second, and what it writes never changes."""


@pytest.mark.parametrize(
    ("module", "stale"),
    [
        ("foldline.metrics.kinds.of_order", {"check", "ensemble", "clip"}),
        ("foldline.metrics.metric_and_rule", {"check", "ensemble", "clip", "format"}),
        ("foldline.metrics.decisions.label_thresholds", {"check", "ensemble", "clip", "format"}),
        ("foldline.card.targets.number_targets", {"check", "prepare", "split", "ensemble", "clip", "format"}),
        ("foldline.archive.bson", READERS),
        ("foldline.archive.record_files", READERS),
        ("foldline.pixels.decoding", {"prepare"}),
        ("foldline.pixels.tiff", {"prepare"}),
        ("foldline.pixels.building", {"prepare"}),
        ("foldline.folds.assignment", {"split"}),
        ("foldline.training.loop", {"dry_run", "pretext", "pretext_choice", "train"}),
        ("foldline.training.rate_chart", set()),
    ],
)
def test_an_edited_body_makes_exactly_its_users_stale(
    digests: Callable[[str, Callable[[str], str]], dict[str, str]], module: str, stale: set[str]
) -> None:
    """The drills: a metric, a rule, a kind of target, the reader of a format, a decoder, folds, the loop, a chart."""
    before, after = digests(module, str), digests(module, lambda text: f"{text}\nEDITED = True")
    assert {script.removeprefix("pipelines.") for script in before if after[script] != before[script]} == stale


def test_an_edited_docstring_makes_nothing_stale(
    digests: Callable[[str, Callable[[str], str]], dict[str, str]],
) -> None:
    for module in ("foldline.files.refusal", "foldline.training.loop"):
        assert digests(module, lambda text: f'"""Edited."""\n\n{text}') == digests(module, str)


def test_own_files_count_by_their_bytes_for_the_sections_that_name_them(
    graph: grimp.ImportGraph, tmp_path: Path
) -> None:
    loss = {"kind": "python", "file": "input/own/arcface.py"}
    params = {"train": {"loss": loss, "epochs": 1}, "other": [{"kind": "none"}]}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    assert own_files(tmp_path / "params.yaml", "train.loss") == [Path("input/own/arcface.py")]
    assert own_files(tmp_path / "params.yaml", "") == [Path("input/own/arcface.py")]
    assert own_files(tmp_path / "params.yaml", "train.epochs") == []
    assert own_files(tmp_path / "absent.yaml", "train") == []
    assert own_files(tmp_path / "params.yaml", "train", tmp_path) == [tmp_path / "input/own/arcface.py"]
    assert Own.model_validate(loss | {"name": "ArcFace"}).file == "input/own/arcface.py"
    own = tmp_path / "arcface.py"
    digests = []
    for content in (None, b"a = 1", b"a = 2"):
        if content is not None:
            own.write_bytes(content)
        digests.append(script_digests({"pipelines.code": [own]}, graph)["pipelines.code"])
    assert len(set(digests)) == 3
