"""Rotation as a task, what a fold's backbone and probes may see, the choice, and what trainings begin with."""

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from accelerate import Accelerator
from safetensors.torch import load_file

from foldline.card.activations import Softmax
from foldline.files.places import Places
from foldline.files.refusal import Refusal
from foldline.files.rows import read_rows
from foldline.folds.folds_table import read_folds
from foldline.params.section import parse
from foldline.pixels.cache import read_images
from foldline.training.batches import Batch, micro_batches, posed
from foldline.training.checkpoints import Checkpoints
from foldline.training.chosen_weights import refuse_absent_stages, tensors_up_to
from foldline.training.dry_run import dry_run_pretext
from foldline.training.features import stage_names
from foldline.training.fold_training import train_fold
from foldline.training.history import read_history
from foldline.training.models import load_model
from foldline.training.pretext import Pretexts
from foldline.training.pretext_kind import LearnedPretext
from foldline.training.pretext_marker import chosen_weights
from foldline.training.pretext_samples import Tables, pretext_samples, probed_images
from foldline.training.training_setup import build_training
from pipelines import pretext, pretext_choice
from pipelines.fold_training import read_fold
from pipelines.running import read_settings
from tests.training.small import TRAIN, small_fold, train_section
from tests.training.test_stage import finish, stage, write_competition

ROTATION: dict[str, Any] = {
    "kind": "rotation",
    "images": "fold",
    "seed": 3,
    "validation_fraction": 0.25,
    "probes": {"every_epochs": 2, "most_images": 100},
    "load_stages": "chosen",
    **{key: TRAIN[key] for key in ("batch_size", "micro_batch_size", "workers", "precision", "channels_last")},
    **{key: TRAIN[key] for key in ("compile", "resolution", "optimizer", "learning_rates", "clipping")},
    "epochs": 2,
    "schedule": {"kind": "constant"},
    "average": {"kind": "none"},
    "augmentation": {"recipe": "none", "transforms": []},
}


def rotation(**changes: Any) -> LearnedPretext:
    learned = parse(ROTATION | changes, Pretexts, "pretext").learned
    assert learned is not None
    return learned


def test_all_four_rotations_of_an_image_stand_side_by_side_exact_to_the_pixel() -> None:
    images = torch.arange(2 * 3 * 4 * 4, dtype=torch.uint8).reshape(2, 3, 4, 4)
    batch = Batch(images, torch.zeros(2, 1), torch.tensor([1.0, 2.0]), torch.tensor([7, 9]), 2)
    shown = posed(batch, rotation())
    for place in range(2):
        for quarters in range(4):
            turned = np.rot90(images[place].numpy(), quarters, axes=(1, 2))
            np.testing.assert_array_equal(shown.images[4 * place + quarters].numpy(), turned)
    assert shown.images.dtype == torch.uint8
    assert shown.targets.argmax(1).tolist() == [0, 1, 2, 3] * 2
    assert (shown.targets.sum(1) == 1).all()
    assert (shown.index.tolist(), shown.weights.tolist()) == ([7] * 4 + [9] * 4, [1.0] * 4 + [2.0] * 4)
    assert shown.global_batch_size == 8
    assert [len(part.images) for part in micro_batches(shown, 4)] == [4, 4]


@pytest.fixture(scope="module")
def competition(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("pretext")
    write_competition(root)
    return root


def tables(places: Places) -> Tables:
    return Tables(read_rows(places.rows), read_images(places.images), read_folds(places.folds))


def test_of_a_fold_no_row_is_learned_held_out_fitted_or_judged(competition: Path) -> None:
    """Row i is in fold i % 3, alone in its cluster."""
    places = Places("digits", competition)
    known, targets = tables(places), np.arange(43) // 3 % 3
    training, validation = pretext_samples(known, 1, rotation())
    learned, held = set(training.cache_indices.tolist()), set(validation.cache_indices.tolist())
    assert learned | held == {row for row in range(43) if row % 3 != 1}
    assert not learned & held
    assert len(held) == round(0.25 * 29)
    assert training.targets.sum() == 0, "no label is told"

    fitted, judged = probed_images(known, targets, 1, rotation())
    assert set(fitted.cache_indices.tolist()) == set(range(0, 43, 3))
    assert set(judged.cache_indices.tolist()) == set(range(2, 43, 3))
    np.testing.assert_array_equal(fitted.labels, targets[fitted.cache_indices])
    fitted, judged = probed_images(known, targets, "all", rotation(probes={"every_epochs": 1, "most_images": 9}))
    assert (len(fitted.labels), len(judged.labels)) == (9, 9)
    assert set(judged.cache_indices % 3) == {0}


def test_clusters_are_held_out_whole_and_test_images_are_learned_where_they_are_asked_for(tmp_path: Path) -> None:
    places = write_competition(tmp_path)
    rows, images, folds = read_rows(places.rows), read_images(places.images), read_folds(places.folds)
    test = pd.DataFrame({"part": "test", "row_id": ["row0", "other"], "group": None})
    rows = pd.concat([rows, test], ignore_index=True)
    more = images.iloc[:2].assign(row=[43, 44], cache_index=[50, 51], error=[None, "damaged"])
    known = Tables(rows, pd.concat([images, more], ignore_index=True), folds.assign(cluster=np.arange(43) // 6))
    training, validation = pretext_samples(known, "all", rotation(images="train_and_test"))
    assert not set(validation.cache_indices // 6) & set(training.cache_indices[training.cache_indices < 43] // 6)
    assert len(set(validation.cache_indices // 6)) == 2, "of eight clusters"
    assert 50 in training.cache_indices
    assert 51 not in training.cache_indices
    training, _ = pretext_samples(known, "all", rotation(images="train"))
    assert training.cache_indices.max() < 43


def test_a_probe_with_one_class_is_refused(competition: Path) -> None:
    one_in_fold_two = np.where(np.arange(43) % 3 == 2, 0, np.arange(43) % 2)
    with pytest.raises(Refusal, match=r"for fold 1, the 14 images of fold 2, to judge have 1 class.*Raise"):
        probed_images(tables(Places("digits", competition)), one_in_fold_two, 1, rotation())
    with pytest.raises(Refusal, match=r"for fold 0, the 14 images to fit have 1 class"):
        probed_images(tables(Places("digits", competition)), one_in_fold_two, 0, rotation())


def backbone_of(name: str = "test_resnet") -> Any:
    return build_training(small_fold(), train_section(), 1, torch.device("cpu")).model


def test_the_first_stages_are_what_their_vectors_depend_on() -> None:
    model = backbone_of()
    stages = stage_names(model.backbone)
    whole, first = model.backbone.state_dict(), tensors_up_to(model, stages[1])
    assert set(tensors_up_to(model, "last")) == set(whole)
    assert {name.split(".")[0] for name in first} == {"conv1", "bn1", "layer1"}
    assert set(first) == {name for name in whole if name.split(".")[0] in ("conv1", "bn1", "layer1")}


def test_more_stages_than_there_are_are_refused_before_any_work() -> None:
    config = rotation(load_stages=99)
    with pytest.raises(Refusal, match=r"pretext.load_stages is 99, but `test_resnet` has 5 stages \(act1, layer1"):
        dry_run_pretext(noise(config), train_section().model, 1, Accelerator(cpu=True))
    for right in (5, "all", "chosen"):
        refuse_absent_stages(backbone_of().backbone, right, "test_resnet")


def noise(config: LearnedPretext) -> Any:
    from foldline.training.dry_run import stand_in

    fold = stand_in((16, 16, 1, np.dtype(np.uint8)), (4,), 0, (), None, Softmax, 0)
    return dataclasses.replace(fold, task=config)


def test_what_cannot_be_trained_is_refused_as_the_pretexts() -> None:
    wrong = rotation(augmentation={"recipe": "none", "transforms": [{"CenterCrop": {"height": 99, "width": 8}}]})
    with pytest.raises(Refusal, match=r"train.augmentation.* Seen in the pretext: but for train.model"):
        dry_run_pretext(noise(wrong), train_section().model, 1, Accelerator(cpu=True))
    dry_run_pretext(noise(rotation()), train_section().model, 1, Accelerator(cpu=True))


# The stages


def write_pretext(root: Path, **changes: Any) -> None:
    params = yaml.safe_load((root / "params.yaml").read_text())
    small = {"epochs": 2, "workers": 0}
    params |= {"pretext": ROTATION | changes, "train": TRAIN | small}
    (root / "params.yaml").write_text(yaml.safe_dump(params))


def run_stage(root: Path, script: Any, *words: str) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.setattr(sys, "argv", ["stage", *words])
        return script.main()


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def chosen(tmp_path_factory: pytest.TempPathFactory) -> Places:
    """Fold 1's own backbone and its choice, of a stage that was killed after an epoch and run again."""
    root = tmp_path_factory.mktemp("chosen")
    places = write_competition(root)
    write_pretext(root)
    run_stage(root, pretext)
    process = stage(root, "pipelines.pretext_choice", "--fold", "1", processes="1")
    while not list(places.checkpoints.glob("fold1/pretext-seed3/*/state.pt")):
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert chosen_weights(places.pretext_choice(1)) is None, "still the marker"
    run_stage(root, pretext_choice, "--fold", "1")
    assert not list(places.checkpoints.glob("fold1/pretext-seed3/*"))
    return places


def test_with_a_backbone_per_fold_the_first_stage_leaves_a_marker(chosen: Places) -> None:
    assert list(files_of(chosen.pretext)) == ["choice.json"]
    assert chosen_weights(chosen.pretext) is None


def test_history_and_probes_of_each_stage_and_epoch(chosen: Places) -> None:
    folder = chosen.pretext_choice(1)
    history = read_history(folder / "history.csv")
    assert history["epoch"].tolist() == [1, 2]
    assert history.notna().all(axis=None)
    probes = pd.read_csv(folder / "probes.csv")
    model = load_model(folder / "epoch2.safetensors")
    stages = list(stage_names(model.backbone))
    assert probes[["epoch", "stage"]].values.tolist() == [[epoch, stage] for epoch in (0, 2) for stage in stages]
    assert probes[["accuracy", "neighbours_accuracy"]].stack().between(0, 1).all()
    confusions = pd.read_csv(folder / "confusions.csv")
    of_one = confusions[(confusions["epoch"] == 2) & (confusions["stage"] == stages[1])]
    assert of_one["images"].sum() == 14
    right = of_one[of_one["class"] == of_one["predicted"]]["images"].sum() / 14
    accuracy = probes[(probes["epoch"] == 2) & (probes["stage"] == stages[1])]["accuracy"].item()
    assert right == pytest.approx(accuracy)
    assert (folder / "confusions-epoch2.png").read_bytes().startswith(b"\x89PNG")


def test_the_choice_is_the_best_probe_of_a_trained_epoch_and_is_loaded_up_to_its_stage(chosen: Places) -> None:
    folder = chosen.pretext_choice(1)
    choice = json.loads((folder / "choice.json").read_text())
    probes = pd.read_csv(folder / "probes.csv")
    trained = probes[probes["epoch"] > 0]
    best = trained.loc[trained["accuracy"].idxmax()]
    assert (choice["epoch"], choice["stage"], choice["accuracy"]) == (best["epoch"], best["stage"], best["accuracy"])
    model = load_model(folder / f"epoch{choice['epoch']}.safetensors")
    expected = tensors_up_to(model, choice["stage"])
    found = load_file(folder / "weights.safetensors")
    assert set(found) == set(expected)
    assert all(torch.equal(tensor, expected[name]) for name, tensor in found.items())


def test_a_training_begins_with_the_choice_and_draws_the_rest(chosen: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(chosen.root)
    config = train_section()
    fold = read_fold(read_settings(), 1, 0, config)
    begun = build_training(fold, config, 1, torch.device("cpu")).model
    scratch = build_training(dataclasses.replace(fold, chosen=None), config, 1, torch.device("cpu")).model
    loaded = load_file(chosen.pretext_choice(1) / "weights.safetensors")
    for name, tensor in begun.state_dict().items():
        of_backbone = name.removeprefix("backbone.")
        expected = loaded.get(of_backbone, scratch.state_dict()[name])
        assert torch.equal(tensor, expected), name
    assert any(not torch.equal(tensor, scratch.state_dict()[f"backbone.{name}"]) for name, tensor in loaded.items())


def test_never_stopped_and_with_other_pixels_in_the_folds_rows_it_ends_the_same(chosen: Places, tmp_path: Path) -> None:
    places = write_competition(tmp_path)
    write_pretext(tmp_path)
    (cache,) = places.pixel_caches.glob("*.npy")
    pixels = np.load(cache)
    pixels[1::3] = 255 - pixels[1::3]
    np.save(cache, pixels)
    run_stage(tmp_path, pretext_choice, "--fold", "1")
    assert files_of(places.pretext_choice(1)) == files_of(chosen.pretext_choice(1))


@pytest.mark.slow
def test_killed_in_two_processes(tmp_path: Path) -> None:
    """One backbone for all folds, with loader processes and averaged weights."""
    ends = []
    for name in ("killed", "straight"):
        places = write_competition(tmp_path / name)
        write_pretext(places.root, images="train", epochs=6, workers=2, average=TRAIN["average"])
        first = stage(places.root, "pipelines.pretext")
        if name == "killed":
            while not list(places.checkpoints.glob("foldall/pretext-seed3/*/state.pt")):
                assert first.poll() is None, first.communicate()
                time.sleep(0.01)
            os.kill(int((places.checkpoints / "foldall/pretext-seed3.pid").read_text()), signal.SIGKILL)
            finish(first, code=1)
            first = stage(places.root, "pipelines.pretext")
        finish(first)
        ends.append(files_of(places.pretext))
    assert ends[0] == ends[1]
    assert set(ends[0]) == {"history.csv", *(f"epoch{epoch}.safetensors" for epoch in (0, 2, 4, 6))}


def test_with_none_markers_are_written_without_torch(tmp_path: Path) -> None:
    places = write_competition(tmp_path)
    shutil.rmtree(places.pretext.parent)
    program = (
        "import sys; sys.argv = ['stage']; from pipelines import pretext, pretext_choice; pretext.main(); "
        "sys.argv += ['--fold', '0']; pretext_choice.main(); "
        "print(sorted({'torch', 'timm', 'albumentations', 'accelerate'} & set(sys.modules)))"
    )
    paths = {"PYTHONPATH": os.pathsep.join(str(Path(path).absolute()) for path in sys.path if path)}
    command = [sys.executable, "-c", program]
    ran = subprocess.run(command, cwd=tmp_path, env=os.environ | paths, stdout=subprocess.PIPE, text=True, check=True)
    assert ran.stdout.strip() == "[]"
    for folder in (places.pretext, places.pretext_choice(0)):
        assert list(files_of(folder)) == ["choice.json"]
        assert chosen_weights(folder) is None


@pytest.mark.slow
def test_the_loss_falls_below_that_of_guessing(tmp_path: Path) -> None:
    """Pixels are brighter in a part of the image that the class says: upright or turned is to be seen."""
    fold = dataclasses.replace(small_fold(), task=rotation(), sizes=(4,))
    config = rotation(epochs=8).training(train_section().model)
    trained = train_fold(fold, config, Checkpoints(tmp_path, {}), Accelerator(cpu=True))
    assert trained.history[-1]["train_loss"] < 0.7 * np.log(4)
    assert trained.history[-1]["validation_accuracy"] > 0.4
