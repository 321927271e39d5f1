"""What a stage tracks must not change while it runs."""

import json
import shutil
from pathlib import Path

import pytest

from foldline.files.refusal import Refusal
from pipelines.running import run, tracked
from tests.end_to_end.checkout import ROOT

CARD = Path("pipelines/competitions/digits.yaml")


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("dvc.yaml", "params.yaml", str(CARD)):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / ("pipelines/recipes/digits.yaml" if name == "params.yaml" else name), tmp_path / name)
    (tmp_path / "work").mkdir()
    (tmp_path / "work/code.json").write_text(json.dumps({"code": {"train": "0000", "clip": "1111"}}))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_STAGE", "train@1-0")


def change(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


@pytest.mark.parametrize(
    ("file", "before", "after", "named"),
    [
        ("params.yaml", "epochs: 6", "epochs: 7", r"params.yaml \(train.epochs\)"),
        ("params.yaml", "smoothing: 0.0", "smoothing: 0.1", r"params.yaml \(train.loss\)"),
        ("work/code.json", "0000", "2222", r"work/code.json \(code.train\)"),
        (str(CARD), "symmetries:", "was:", rf"{CARD} \(symmetries\)"),
    ],
)
def test_a_stage_whose_facts_change_is_refused_at_its_end(file: str, before: str, after: str, named: str) -> None:
    """DVC reads them as the stage ends, and would call its result one of theirs."""

    def stage() -> None:
        change(Path(file), before, after)

    with pytest.raises(
        SystemExit, match=rf"^error: {named} changed while the stage train@1-0 ran.*put the change back"
    ):
        run(stage)


def test_what_a_stage_does_not_track_may_change() -> None:
    tracked().note()
    change(Path("params.yaml"), "seeds: [0]", "seeds: [0, 1]")
    change(Path("params.yaml"), "kind: fitted", "kind: none")
    change(Path("work/code.json"), "1111", "2222")
    tracked().refuse_changes()


def test_what_is_put_back_is_as_it_was() -> None:
    tracked().note()
    change(Path("params.yaml"), "epochs: 6", "epochs: 7")
    with pytest.raises(Refusal, match=r"train\.epochs"):
        tracked().refuse_changes()
    change(Path("params.yaml"), "epochs: 7", "epochs: 6")
    tracked().refuse_changes()


def test_no_other_process_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DVC_STAGE")
    Path("params.yaml").unlink()
    tracked().note()
    tracked().refuse_changes()


def test_a_stage_of_another_file_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_STAGE", "submissions/dvc.yaml:submit")
    tracked().note()
    change(Path("params.yaml"), "epochs: 6", "epochs: 7")
    tracked().refuse_changes()
