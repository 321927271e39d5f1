"""`foldline features` in a project of several images per row: the real command, its keys and what it refuses."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import timm
import torch
import yaml
from safetensors.torch import save_file

from foldline.card.description import read_classes
from foldline.card.views import view_of
from foldline.files.places import Places
from foldline.files.refusal import Refusal
from foldline.files.rows import read_rows, read_targets
from foldline.files.whole_files import read_json, write_json
from foldline.folds.folds_table import read_folds, write_folds
from foldline.params.code_digests import own_graph, script_digests
from foldline.params.section import parse
from foldline.pixels.cache import read_images
from foldline.predicting.feature_space import MAKER, Space
from foldline.predicting.logits import read_logits
from foldline.training import models
from foldline.training.features import stage_features
from foldline.training.models import Architecture, Classifier, build_model, load_model, save_model
from foldline.training.networks import Models
from pipelines import features, frozen_features, prepare, split, weights
from pipelines.feature_spaces import fold_space, pretrained_space
from pipelines.fold_prediction import predict_one
from pipelines.pixels import open_cache
from pipelines.running import read_settings
from tests.competitions import test_mayo_clinic_strip_ai
from tests.competitions.conftest import CARDS, PARAMS, set_up
from tests.end_to_end.checkout import ROOT
from tests.training.small import MODEL

SLUG = "mayo-clinic-strip-ai"
FLIP = "horizontal_flip"
PLACES = Places(SLUG)
TRAINED = PLACES.trained(0, 0) / "model.safetensors"


def write_model(seed: int, frozen: bool = False) -> None:
    torch.manual_seed(seed)
    facts: dict[str, Any] = {
        "frozen": frozen,
        "channels": 3,
        "height": 18,
        "width": 24,
        "outputs": 2,
        "activation": "softmax",
    }
    save_model(TRAINED, build_model(Architecture(model=parse(MODEL, Models, "model"), tabular=None, **facts)))


def change(**sections: Any) -> None:
    """Of params.yaml: keys of sections, or whole ones."""
    params = yaml.safe_load(Path("params.yaml").read_text())
    params |= {key: params[key] | new if key == "predict" else new for key, new in sections.items()}
    Path("params.yaml").write_text(yaml.safe_dump(params))


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Split into two folds; a model of fold 0 that nobody trained."""
    folder = tmp_path_factory.mktemp("slides")
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        patched.setattr(sys, "argv", ["stage"])
        set_up(CARDS / f"{SLUG}.yaml", test_mayo_clinic_strip_ai.draw())
        params = yaml.safe_load((ROOT / "pipelines/recipes/digits.yaml").read_text())
        params |= PARAMS | {"competition": SLUG, "train": params["train"] | {"model": MODEL}}
        params["predict"] |= {"views": ["identity", FLIP], "batch_size": 7}
        Path("params.yaml").write_text(yaml.safe_dump(params))
        shutil.copy(ROOT / "dvc.yaml", "dvc.yaml")
        for stage in (prepare, split, weights):
            stage.main()
        write_model(0)
    return folder


@pytest.fixture(scope="module")
def code() -> dict[str, str]:
    """What the code means: seconds to find out."""
    return script_digests({MAKER: (), frozen_features.MAKER: ()}, own_graph())


@pytest.fixture
def project(prepared: Path, code: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy to be changed, as the working folder."""
    monkeypatch.setattr(frozen_features, "own_graph", lambda: None)
    monkeypatch.setattr(frozen_features, "script_digests", lambda scripts, graph: code)
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


Foldline = Callable[..., Any]


@pytest.fixture
def foldline(project: Path, monkeypatch: pytest.MonkeyPatch) -> Foldline:
    """A function that runs `foldline features` with these words, in this process, and returns its answer."""

    def run(*words: str) -> Any:
        monkeypatch.setattr(sys, "argv", ["foldline features", *words])
        return features.main()

    return run


def expected(model: Classifier, space: Space, part: str, stage: str, view: str = "identity") -> np.ndarray:
    """The means over each row's images, row by row, from the pixel cache."""
    pixels, images, rows = open_cache(PLACES), read_images(PLACES.images), read_rows(PLACES.rows)
    of_part = rows[rows["part"] == ("test" if part == "test" else "train")]
    row_of = dict(zip(of_part["row_id"], of_part.index, strict=True))
    found = []
    for row_id in space.ids[part]:
        of_row = images.loc[images["row"] == row_of[row_id], "cache_index"]
        batch = torch.from_numpy(np.stack([pixels[index] for index in of_row])).permute(0, 3, 1, 2)
        with torch.no_grad():
            normalised = model.eval().normalised(view_of(view)(batch))
            found.append(stage_features(model.backbone, normalised, model.pooling)[stage].mean(dim=0).numpy())
    return np.stack(found)


def test_the_command_makes_them_once_and_they_are_those_of_a_direct_forward_pass(
    foldline: Foldline, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = foldline("--fold", "0", "--views", "identity", FLIP)
    space = fold_space(read_settings(), 0, 0)
    assert (told["of"], told["folder"]) == ("fold0-seed0", space.folder)
    assert told["made"] == [f"{part}/{view}" for part in ("out_of_fold", "test") for view in ("identity", FLIP)]
    assert told["bytes"]["test/identity"] == sum(
        file.stat().st_size for file in (space.folder / "test/identity").iterdir()
    )
    said = capsys.readouterr().out
    assert f"fold0-seed0: {space.folder}\n  out_of_fold/identity/: " in said
    assert (
        "test/horizontal_flip/: 12 rows of act1 32, layer1 32, layer2 48, layer3 192, layer4 96, last 96 chan" in said
    )
    folds = read_folds(PLACES.folds)
    assert set(space.ids["out_of_fold"]) == set(folds.loc[folds["fold"] == 0, "row_id"])
    model = load_model(TRAINED)
    for part, stage, view in (("out_of_fold", "layer2", FLIP), ("test", "last", "identity")):
        direct = expected(model, space, part, stage, view)
        np.testing.assert_allclose(space.vectors(part, stage, view), direct, rtol=2e-3, atol=1e-5)

    def forbidden(path: Path) -> Classifier:
        raise AssertionError("nothing is left to do for a model")

    monkeypatch.setattr(models, "load_model", forbidden)
    assert foldline("--fold", "0", "--views", FLIP, "identity")["made"] == []


def test_a_frozen_model_predicts_from_features_what_it_predicts_from_images(project: Path) -> None:
    """Of rows of several images, under both views; another head on the same backbone finds the features there."""

    def predicted(**changes: Any) -> np.ndarray:
        write_model(0, **changes)
        predict_one(0, 0)
        logits = read_logits(PLACES.predicted(0, 0))
        return np.concatenate([logits.validation, logits.test])

    np.testing.assert_allclose(predicted(frozen=True), predicted(frozen=False), rtol=1e-4, atol=1e-5)
    made = {path: path.stat().st_mtime_ns for path in (PLACES.features / "frozen").rglob("*.npy")}
    assert {path.parent.name for path in made} == {"identity", FLIP}
    predicted(frozen=True)
    assert all(path.stat().st_mtime_ns == time for path, time in made.items())


def test_the_key_is_of_all_that_the_numbers_depend_on_and_of_nothing_else(project: Path) -> None:
    keys = [found_key()]
    change(predict={"batch_size": 3, "workers": 0, "views": ["identity"]}, folds=[0], ensemble={"views": "chosen"})
    assert found_key() == keys[0]

    write_model(seed=1)
    keys.append(found_key())
    change(predict={"precision": "bfloat16"})
    keys.append(found_key())
    write_json(PLACES.pixels, read_json(PLACES.pixels) | {"height": 20})
    keys.append(found_key())
    folds = read_folds(PLACES.folds)
    write_folds(PLACES.folds, folds.assign(fold=1 - folds["fold"]))
    keys.append(found_key())
    assert len(set(keys)) == 5


def found_key() -> str:
    return fold_space(read_settings(), 0, 0).folder.name


def test_the_pretrained_backbone_shows_all_rows(foldline: Foldline) -> None:
    with pytest.raises(Refusal, match=r"weights.safetensors says that trainings begin at random.*or take a trained"):
        foldline("--pretrained")
    torch.manual_seed(2)
    backbone = timm.create_model("test_resnet", num_classes=0)
    Path("input/weights").mkdir(parents=True)
    save_file(backbone.state_dict(), "input/weights/mine.safetensors")
    change(weights={"kind": "file", "path": "mine.safetensors", "match": "name"})
    sys.argv = ["stage"]
    weights.main()

    assert foldline("--pretrained", "--rows", "train", "--stages", "layer3")["made"] == ["train/identity"]

    space, model = pretrained_space(read_settings()), load_model(TRAINED)
    assert (len(space.ids["train"]), len(space.ids["test"])) == (30, 12)
    model.backbone.load_state_dict(backbone.state_dict())
    direct = expected(model, space, "train", "layer3")
    np.testing.assert_allclose(space.vectors("train", "layer3"), direct, rtol=2e-3, atol=1e-5)


def test_a_model_of_all_rows_has_test_rows_alone(foldline: Foldline) -> None:
    everything = PLACES.trained("all", 0) / TRAINED.name
    everything.parent.mkdir(parents=True)
    shutil.copy(TRAINED, everything)
    assert foldline("--fold", "all", "--stages", "act1", "last")["made"] == ["test/identity"]


def test_tsne_is_drawn_of_the_rows_with_their_classes(foldline: Foldline) -> None:
    (picture,) = foldline("--fold", "0", "--rows", "out_of_fold", "--stages", "last", "--tsne")["drawn"]
    assert picture.read_bytes().startswith(b"\x89PNG")
    table = pd.read_csv(picture.with_suffix(".csv"))
    rows, classes = read_rows(PLACES.rows), read_classes(PLACES.classes)
    targets = read_targets(PLACES.targets, rows, classes)
    class_of = dict(zip(rows.loc[rows["part"] == "train", "row_id"], (classes[one] for one in targets), strict=True))
    assert [class_of[row] for row in table["row_id"]] == table["class"].tolist()
    assert set(table["row_id"]) == set(fold_space(read_settings(), 0, 0).ids["out_of_fold"])
    (test,) = foldline("--fold", "0", "--rows", "test", "--stages", "last", "--tsne")["drawn"]
    assert pd.read_csv(test.with_suffix(".csv"))["class"].isna().all()


@pytest.mark.slow
def test_several_processes_make_the_same_and_one_of_them_tells(foldline: Foldline) -> None:
    command = [sys.executable, "-m", "pipelines", "features", "--fold", "0", "--json"]
    several = {"FOLDLINE_PROCESSES": "2", "PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run(command, capture_output=True, text=True, env=os.environ | several)
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    assert told["made"] == ["out_of_fold/identity", "test/identity"]
    vectors = {file.name: file.read_bytes() for file in Path(told["folder"], "out_of_fold/identity").iterdir()}
    shutil.rmtree(PLACES.features)
    made = foldline("--fold", "0")["folder"] / "out_of_fold/identity"
    assert {file.name: file.read_bytes() for file in made.iterdir()} == vectors


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--fold 0 1", "out-of-fold rows of several folds went through several models"),
        ("--fold 1", r"fold1/seed0/model.safetensors does not exist.*Trained are: fold0/seed0.*`foldline train`"),
        ("--fold 0 --rows train", "fold0-seed0 has features of the rows out_of_fold, test, not of train"),
        ("--fold 0 --views scale_50", "--views: scale_50 is not in predict.views"),
    ],
)
def test_refuses(words: str, message: str, foldline: Foldline) -> None:
    with pytest.raises(Refusal, match=message):
        foldline(*words.split())
    assert not PLACES.features.exists()
