"""The stage `code`: whose digest a person's own file changes."""

import functools
import json
import shutil
import sys
from pathlib import Path

import pytest
import yaml

from pipelines import code

ROOT = Path(__file__).parents[2]
CARD = Path("pipelines/competitions/digits.yaml")


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Whose loss and whose table are functions of one's own."""
    for name in (*code.PIPELINES, CARD):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    params = yaml.safe_load((ROOT / "pipelines/recipes/digits.yaml").read_text())
    params["train"]["loss"] = {"kind": "python", "file": "input/own/arcface.py", "name": "ArcFace"}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    card = yaml.safe_load((tmp_path / CARD).read_text())
    card["layout"]["test"] = {"table": ["test.csv", {"kind": "python", "file": "digits.py", "name": "lines"}]}
    (tmp_path / CARD).write_text(yaml.safe_dump(card))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["code"])
    return tmp_path


@pytest.mark.parametrize(
    ("key", "also"), [("schedule", set()), ("model", {"pretext", "pretext_choice"}), ("augmentation", set())]
)
def test_each_kind_of_ones_own_counts_for_training(checkout: Path, key: str, also: set[str]) -> None:
    params = yaml.safe_load(Path("params.yaml").read_text())
    section = {"kind": "python", "file": f"input/own/{key}.py", "name": "mine"}
    params["train"][key] = {"recipe": section, "transforms": []} if key == "augmentation" else section
    Path("params.yaml").write_text(yaml.safe_dump(params))
    before = digests()
    Path("input/own").mkdir(parents=True)
    Path(section["file"]).write_text("a = 1")
    after = digests()
    assert {stage for stage in before if before[stage] != after[stage]} == {"check", "dry_run", "train"} | also


def digests() -> dict[str, str]:
    code.main()
    return json.loads(Path("work/code.json").read_text())["code"]


def test_an_own_file_counts_for_the_stages_whose_sections_name_it(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(code, "own_graph", functools.cache(code.own_graph))
    before = None
    for own, stale in (
        (Path("input/own/arcface.py"), {"check", "dry_run", "train"}),
        (CARD.with_name("digits.py"), {"prepare"}),
    ):
        (checkout / own).parent.mkdir(parents=True, exist_ok=True)
        before = before or digests()
        (checkout / own).write_text("a = 1")
        after = digests()
        assert {stage for stage in before if before[stage] != after[stage]} == stale
        before = after
    assert digests() == before
