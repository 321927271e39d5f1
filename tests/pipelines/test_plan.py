"""`foldline plan` in a project of several images per row: the real command, and what it refuses."""

import os
import sys
from pathlib import Path

import pytest
import yaml

from foldline.experiment.plan import Change
from foldline.fan_out.slots import VISIBLE
from foldline.files.places import Places
from foldline.files.refusal import Refusal
from foldline.files.whole_files import write_json
from pipelines import plan, planned, prepare, split, weights
from tests.competitions import test_mayo_clinic_strip_ai
from tests.competitions.conftest import CARDS, PARAMS, PREPARE, set_up
from tests.end_to_end.checkout import ROOT
from tests.fan_out.test_slots import UUIDS, pretend

SLUG = "mayo-clinic-strip-ai"
HALF = Change({"train.precision": "float16", "predict.precision": "float16"}, "differ by rounding")
SMALLER = Change({"train.micro_batch_size": 2}, "the same but for BatchNorm")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Split into two folds; a fold's pretext is to learn first."""
    folder = tmp_path_factory.mktemp("slides")
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        patched.setattr(sys, "argv", ["stage"])
        set_up(CARDS / f"{SLUG}.yaml", test_mayo_clinic_strip_ai.draw())
        params, recipe = (
            yaml.safe_load((ROOT / f"pipelines/recipes/{name}.yaml").read_text()) for name in ("digits", "rotation")
        )
        params |= PARAMS | {"competition": SLUG, "train": params["train"] | {"batch_size": 8, "micro_batch_size": 4}}
        params |= {"prepare": PREPARE | {"height_pixels": 24}, "split": PARAMS["split"] | {"count": 3}}
        augmentation = {"recipe": "none", "transforms": []}
        params |= {"pretext": recipe["pretext"] | {"images": "fold", "augmentation": augmentation}}
        params["predict"] |= {"views": ["identity", "horizontal_flip"], "batch_size": 7}
        Path("params.yaml").write_text(yaml.safe_dump(params))
        for stage in (prepare, split, weights):
            stage.main()
        write_json(Places(SLUG).dry_run, {"rehearsed": True}, hashed=False)
    return folder


@pytest.fixture(autouse=True)
def _here(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    monkeypatch.setattr(sys, "argv", ["foldline plan"])


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_it_says_how_long_and_what_may_be_changed(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(project)
    monkeypatch.setattr(planned, "changes_here", lambda _: [HALF, SMALLER])
    answer = plan.main()
    seconds, as_it_is = answer["seconds"], answer["as_it_is"]
    assert list(seconds) == ["epoch", "fold", "pretext", "run"]
    assert seconds["run"] == pytest.approx(2 * seconds["fold"] + seconds["pretext"])
    assert 0 < seconds["epoch"] < seconds["fold"]
    assert min(as_it_is["learned"], as_it_is["predicted"], as_it_is["peak_bytes"]) > 0
    half, smaller = answer["tried"]
    assert "The precision float16 needs a GPU" in half["refusal"] and half["learned"] == 0
    assert (smaller["refusal"], smaller["predicted"]) == ("", 0) and smaller["learned"] > 0
    said = capsys.readouterr().out
    assert "minutes per run" in said and "micro_batch_size 2" in said
    assert contents(project) == before


@pytest.mark.parametrize(
    ("run_seconds", "taken", "said"), [(96, [], "Nothing that was tried is worthwhile"), (90, [90], "1.5 minutes")]
)
def test_faster_steps_that_are_little_of_a_run_are_not_proposed(
    run_seconds: int, taken: list[int], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of 100 seconds; 5% is worthwhile."""
    runs = iter([100, run_seconds])
    monkeypatch.setattr(planned, "seconds_of_run", lambda *_: {"run": next(runs)})
    monkeypatch.setattr(planned, "changes_here", lambda _: [])
    monkeypatch.setattr("foldline.experiment.plan.proposals", lambda *_: [SMALLER])
    proposed = plan.main()["proposed"]
    assert [one["run_seconds"] for one in proposed] == taken
    assert said in capsys.readouterr().out


def test_on_several_gpus_the_minutes_are_those_of_the_slots_that_trainings_get(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two folds on two pretended GPUs: one round; on one GPU, two."""
    pretend(tmp_path, [f"GPU {number}: pretended (UUID: {uuid})" for number, uuid in enumerate(UUIDS[:2])])
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(sys, "argv", ["foldline plan", "--as-it-is"])
    for variable in (VISIBLE, "FOLDLINE_PROCESSES"):
        monkeypatch.delenv(variable, raising=False)
    answer = plan.main()
    seconds = answer["seconds"]
    assert answer["at_once"] == 2 and "2 trainings, in slots" in capsys.readouterr().out
    assert seconds["run"] == pytest.approx(seconds["fold"] + seconds["pretext"])
    monkeypatch.setenv(VISIBLE, "1")
    alone = plan.main()
    assert alone["at_once"] == 1
    assert alone["seconds"]["run"] == pytest.approx(2 * alone["seconds"]["fold"] + alone["seconds"]["pretext"])


def test_what_was_prepared_otherwise_or_not_at_all_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    params = yaml.safe_load(Path("params.yaml").read_text())
    params["prepare"] |= {"height_pixels": 48, "width_pixels": 48}
    for folder in ("work", "input", "pipelines"):
        (tmp_path / folder).symlink_to(Path(folder).absolute())
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(yaml.safe_dump(params))
    with pytest.raises(Refusal, match=r"is of images of 24 x 24 pixels, .* say 48 x 48. Run `dvc repro prepare`."):
        plan.main()
    Path("work").unlink()
    with pytest.raises(Refusal, match=r"rows.parquet is not there, .* Run `dvc repro split dry_run` first."):
        plan.main()
