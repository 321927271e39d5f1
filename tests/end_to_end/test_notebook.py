"""Two folds trained in sessions of a notebook, stopped by their hours and resumed, count at home as trained there."""

import json
import time
from pathlib import Path

import pytest
import yaml

from foldline.kaggle.client import Kaggle
from foldline.kaggle.parcels import read_parcel
from foldline.local_kaggle.server import LocalKaggle
from tests.end_to_end.checkout import answer, commit, copy_set_to_shapes, run
from tests.kaggle.rehearsal import reached

ON_CPU = {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
COMMAND = ("python", "-m", "pipelines")
SHORT_HOURS = (0.005, 0.007, 0.01, 0.015, 0.03, 0.06)
"""Of a session that is to end after some epochs: on a busy machine the first ones end before any."""
EPOCHS = 200
"""So many that even a quick machine does not do all of a fold's in the shortest of them."""

pytestmark = pytest.mark.slow


def files_of(project: Path) -> dict[str, bytes]:
    folders = [project / "work/shapes" / what for what in ("train", "predict")]
    files = (path for folder in folders for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(project).as_posix(): path.read_bytes() for path in files}


def session_of(project: Path, kaggle: Kaggle, hours: float) -> Path:
    """The output of one more version of the notebook."""
    made = answer(project, *COMMAND, "notebook", "--folds", "0,1", "--hours", str(hours))
    folder = project / made["folder"]
    if not list((project / "work/local-kaggle/datasets").rglob("facts.json")):
        parcel = read_parcel(folder, "shapes", "local")
        tokens = [kaggle.call("send_file", {"path": str(folder / name)}, 60.0) for name in parcel.files]
        owner, slug = made["dataset"].split("/")
        about = {"owner": owner, "slug": slug, "title": "A project", "license_name": "other"}
        kaggle.call("create_dataset", about | {"tokens": tokens}, 60.0)
    version = kaggle.call("push_notebook", {"folder": str(folder), "seconds": 3600}, 60.0)
    named = dict(zip(("owner", "slug"), made["notebook"].split("/"), strict=True))
    while (seen := kaggle.read("session", **named))["status"] == "RUNNING":
        time.sleep(0.5)
    assert seen["status"] == "COMPLETE", kaggle.read("session_log", **named)
    return project / "work/local-kaggle/notebooks" / made["notebook"] / str(version) / "session/working"


def test_trained_in_sessions_and_collected_the_models_are_those_of_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ON_CPU.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "shapes").mkdir()
    project = copy_set_to_shapes(tmp_path / "project", tmp_path / "shapes", workers=0)
    params = yaml.safe_load((project / "params.yaml").read_text())
    params["train"]["epochs"] = EPOCHS
    (project / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    commit(project, "long")
    monkeypatch.chdir(project)
    server = LocalKaggle({"shapes": tmp_path / "shapes"}, project / "work/local-kaggle")
    with server, reached(server, tmp_path / "home") as kaggle:
        outputs = (session_of(project, kaggle, hours) for hours in SHORT_HOURS)
        stopped = next(output for output in outputs if list(output.glob("checkpoints/**/state.pt")))
        assert json.loads((stopped / "results/inputs.json").read_text()).keys() == {"0-0", "1-0"}
        (fold,) = [path.parts[-4] for path in stopped.glob("checkpoints/**/state.pt")]
        whole = session_of(project, kaggle, 1.0)
    assert "resuming from checkpoint" in (whole / f"logs/{fold}-seed0.log").read_text()

    assert answer(project, *COMMAND, "collect") == {"done": ["0-0", "1-0"], "unfinished": [], "not_listed": []}
    stages = ("train@0-0", "train@1-0", "predict@0-0", "predict@1-0")
    repeated = run(project, "dvc", "repro", *stages)
    assert repeated.returncode == 0, repeated.stdout
    assert not [stage for stage in stages if f"Running stage '{stage}'" in repeated.stdout]
    collected = files_of(project)

    # A change that trainings depend on: the same output does not count, and nothing is touched.
    params["train"]["epochs"] = EPOCHS + 1
    (project / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    refused = run(project, *COMMAND, "collect", str(whole))
    assert "fold 0-0 differs in params.yaml: train.epochs" in refused.stdout
    assert files_of(project) == collected
    params["train"]["epochs"] = EPOCHS
    (project / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))

    for stage in ("train", "predict"):
        for fold in (0, 1):
            ended = run(project, "python", "-m", f"pipelines.{stage}", "--fold", str(fold), "--seed", "0")
            assert ended.returncode == 0, ended.stdout
    assert files_of(project) == collected
