"""What a study knows before it trains: keys of what stages compute, and which cells it refuses."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from foldline.card.card import read_card
from foldline.experiment.chain import Chain, read_chain
from foldline.experiment.params import Params
from foldline.experiment.study import Cell, assigned, read_grid
from foldline.experiment.study_cells import refuse_invalid, refuse_other_losses, study_folder, what_changed
from foldline.files.refusal import Refusal
from foldline.files.whole_files import write_text
from foldline.params.section import parse
from foldline.params.yaml_files import read_yaml
from tests.end_to_end.checkout import ROOT

CARD = Path("pipelines/competitions/digits.yaml")
STUDY = Path("study.yaml"), "digits", Path("params.yaml")
PRETEXT = ("pretext", "pretext_choice")
STUDIES = sorted((ROOT / "pipelines/studies").glob("*.yaml"))
OF_DOCUMENTS = sorted((ROOT / "benchmarks/studies").glob("*.yaml"))
BEFORE = ("prepare", "split", "weights", "dry_run", "pretext", "pretext_choice")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the chain is read from, of the embedded competition; nothing has run."""
    for name in ("dvc.yaml", "params.yaml", "pipelines/competitions/digits.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / ("pipelines/recipes/digits.yaml" if name == "params.yaml" else name), tmp_path / name)
    (tmp_path / "work").mkdir()
    write_code(tmp_path, {})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_code(project: Path, changed: dict[str, str]) -> None:
    stages = yaml.safe_load((project / "dvc.yaml").read_text())["stages"]
    (project / "work/code.json").write_text(json.dumps({"code": {**dict.fromkeys(stages, "0000"), **changed}}))


def keys(chain: Chain, **changes: Any) -> dict[str, str]:
    params = assigned(read_yaml(Path("params.yaml")), changes, "here")
    return {name: chain.key(name, params, frozenset(BEFORE)) for name in (*BEFORE, "train")}


def changed_by(**changes: Any) -> set[str]:
    chain = read_chain("digits")
    before, after = keys(chain), keys(chain, **changes)
    return {name for name in before if before[name] != after[name]}


def test_the_stages_before_a_training_come_in_their_order(project: Path) -> None:
    before = [stage.name for stage in read_chain("digits").before("train")]
    assert {*BEFORE} < {*before}
    assert before.index("prepare") < before.index("split")
    assert before.index("weights") < before.index("dry_run")


@pytest.mark.parametrize(
    ("changes", "stages"),
    [
        ({}, set()),
        ({"train.epochs": 3}, {"train", "dry_run"}),
        ({"train.seeds": [7]}, set()),
        ({"prepare.height_pixels": 16}, {"prepare", "split", "dry_run", *PRETEXT, "train"}),
        ({"split.seed": 5}, {"split", *PRETEXT, "train"}),
        ({"train.model.name": "resnet18"}, {"weights", "dry_run", *PRETEXT, "train"}),
        ({"pretext": {"kind": "rotation"}}, {"dry_run", *PRETEXT, "train"}),
        ({"predict.views": ["identity", "transpose"]}, {"dry_run"}),
        ({"clip.bounds": {"kind": "none"}, "folds": [0]}, set()),
    ],
)
def test_a_key_follows_what_its_stage_tracks(changes: dict[str, Any], stages: set[str], project: Path) -> None:
    """The train section's seeds and the folds are one's own choice; of dry_run only its verdict is."""
    found = changed_by(**changes)
    assert found - {"dry_run"} == stages - {"dry_run"}
    assert ("dry_run" in stages) <= ("dry_run" in found)


def test_a_key_follows_the_code_and_the_files(project: Path) -> None:
    before = keys(read_chain("digits"))
    write_code(project, {"split": "1111"})
    after = keys(read_chain("digits"))
    assert {name for name in before if before[name] != after[name]} == {"split", *PRETEXT, "train"}
    lock = {"stages": {"prepare": {"deps": [{"path": "input/digits/manifest.json", "md5": "other"}]}}}
    (project / "dvc.lock").write_text(yaml.safe_dump(lock))
    assert {name for name, key in keys(read_chain("digits")).items() if after[name] != key} >= {"prepare", "train"}


@pytest.mark.parametrize("study", STUDIES, ids=lambda path: path.stem)
def test_every_cell_of_the_studies_is_valid_on_the_embedded_competition(study: Path, project: Path) -> None:
    cells = read_grid(study).cells()
    assert len(cells) >= 5
    refuse_invalid(cells, read_card(CARD), study)


@pytest.mark.parametrize("study", OF_DOCUMENTS, ids=lambda path: path.stem)
def test_every_cell_behind_a_document_is_valid(study: Path, project: Path) -> None:
    """Of competitions whose cards are not here."""
    shutil.copytree(ROOT / "pipelines/recipes", project / "pipelines/recipes")
    for cell in read_grid(study).cells():
        parse(cell.params, Params, cell.title)


def cells_of(project: Path, **study: Any) -> list[Cell]:
    (project / "study.yaml").write_text(
        yaml.safe_dump(
            {"base": "params.yaml", "changes": {}, "axes": [], "leave_out": [], "against": {}, **study}, sort_keys=False
        )
    )
    return read_grid(Path("study.yaml")).cells()


def test_it_says_which_cells_of_the_last_run_stay_valid(project: Path) -> None:
    """The base's epochs change: so does every cell but that which has epochs of its own."""
    axes = [{"train.epochs": [2, 3]}]

    def said(**changed: Any) -> list[str]:
        cells, study = cells_of(project, axes=axes, **changed), study_folder(*STUDY)
        for training in study.trainings(cells):
            training.workspace.folder.mkdir(parents=True, exist_ok=True)
            write_text(training.workspace.folder / "params.yaml", yaml.safe_dump(training.cell.params))
        return list(what_changed(study, cells))

    assert said() == []
    assert said() == []
    assert said(changes={"train.epochs": 9}) == [
        "train.epochs changed since the last run: 1 cell is trained anew. Still valid: train.epochs: 2; train.epochs: 3"
    ]
    assert said(changes={"train.epochs": 9, "train.batch_size": 16}) == [
        "train.batch_size changed since the last run: 3 cells are trained anew. Still valid: none"
    ]
    write_code(project, {"train": "1111"})
    assert said(changes={"train.epochs": 9, "train.batch_size": 16}) == [
        "the data or the code changed since the last run: 3 cells are trained anew. Still valid: none"
    ]


@pytest.mark.parametrize(
    ("study", "told"),
    [
        (
            {"axes": [{"train.epochs": [-1, -2]}]},
            "train.epochs: -1: `train.epochs` is -1: input should be greater than",
        ),
        ({"axes": [{"predict.views": [["rotate_90"]]}]}, "predict.views: \\[rotate_90\\]: params.yaml: .*rotate_90"),
        ({"changes": {"folds": ["all", 0]}}, "folds: all, 0: a training on all rows validates none"),
        ({"changes": {"competition": "dogs"}}, "competition: the base's is dogs, that of params.yaml digits"),
    ],
)
def test_cells_are_refused_before_anything_runs(study: dict[str, Any], told: str, project: Path) -> None:
    cells = cells_of(project, **study)
    with pytest.raises(Refusal, match=f"study.yaml has cells that cannot be trained:\n{told}"):
        refuse_invalid(cells, read_card(CARD), Path("study.yaml"))


def test_what_goes_by_the_loss_refuses_cells_of_another(project: Path) -> None:
    """Smoothing and a focal loss's gamma are no part of what validation measures."""
    losses = {
        "smooth": {"kind": "cross_entropy", "smoothing": 0.1},
        "focal": {"kind": "focal", "gamma": 2.0},
        "binary": {"kind": "binary_cross_entropy", "smoothing": 0.0},
    }
    cells = cells_of(project, axes=[{"loss": {name: {"train.loss": loss} for name, loss in losses.items()}}])
    base, card = cells[0], read_card(CARD)
    refuse_other_losses(cells[:3], base, card, Path("study.yaml"))
    with pytest.raises(Refusal, match=r"--halving and --search go by .* than the base's in loss: binary"):
        refuse_other_losses(cells, base, card, Path("study.yaml"))


def test_of_many_violations_the_first_are_told(project: Path) -> None:
    cells = cells_of(project, axes=[{"train.epochs": [*range(-20, 0)]}])
    with pytest.raises(Refusal, match=r"\n\.\.\. and 10 more$"):
        refuse_invalid(cells, read_card(CARD), Path("study.yaml"))


def test_cells_that_train_alike_are_refused(project: Path) -> None:
    """Training reads neither: the second would only cost time."""
    cells = cells_of(project, axes=[{"clip.bounds": [{"kind": "none"}]}])
    with pytest.raises(Refusal, match=r"the cells `base` and `clip.bounds: kind: none` train the same model"):
        study_folder(*STUDY).refuse_alike(cells)


def test_seeds_as_an_axis_repeat_a_cell_in_its_folder(project: Path) -> None:
    cells = cells_of(project, axes=[{"train.seeds": [[0], [1]]}, {"train.epochs": [1, 2]}])
    study = study_folder(*STUDY)
    study.refuse_alike(cells)
    places = {(one.workspace.folder, one.fold, one.seed) for one in study.trainings(cells)}
    assert len({folder for folder, _, _ in places}) == 3, "that of the base, and of 1 and 2 epochs"
    assert len(places) == 15, "of three folds: one seed of the base, two of both others"


def test_what_folds_begin_with_is_computed_once_for_each_fold_of_alike_cells(project: Path) -> None:
    """Two cells have a pretext that the project has not: one folder, a run for each of their folds."""
    rotation = {"kind": "rotation", "seed": 5}
    axes = [{"pretext": [{"kind": "none"}, rotation]}, {"train.epochs": [5, 3]}]
    study = study_folder(*STUDY)
    cells = cells_of(project, axes=axes)
    assert len(cells) == 5
    before = dict(study.before(cells))
    assert not before["prepare"] + before["split"] + before["weights"]
    assert len(before["pretext"]) == 1
    commands = [" ".join(item.command[-4:]) for item in before["pretext_choice"]]
    assert sorted(commands) == [f"-m pipelines.pretext_choice --fold {fold}" for fold in (0, 1, 2)]
    (folder,) = {item.folder for item in before["pretext_choice"]}
    assert (folder / "work/digits/pretext/trained").is_symlink()
    assert len({item.log for item in before["pretext_choice"]}) == 3

    trainings = study.trainings(cells)
    study.fill(trainings)
    links = {training.cell.title: training.workspace.folder / "work/digits/pretext/fold2" for training in trainings}
    targets = {link.parent.joinpath(link.readlink()).resolve() for link in links.values()}
    assert targets == {project / "work/digits/pretext/fold2", folder.resolve() / "work/digits/pretext/fold2"}
    with_other_folds = cells_of(project, changes={"folds": [0]}, axes=[])
    assert not dict(study.before(with_other_folds))["pretext_choice"]
