"""Part `train.soup`: the mean of the last epochs' weights, beside the model that is judged."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate import Accelerator

from foldline.files.refusal import Refusal
from foldline.training.checkpoints import Checkpoints
from foldline.training.fold_training import Trained, train_fold, write_trained
from foldline.training.models import load_model
from foldline.training.soups import mean_weights
from tests.training.small import MODEL, small_fold, train_section

STATISTICS = {"kind": "update_bn", "batches": 2}
SOUP = {"kind": "last_epochs", "epochs": 2, "statistics": STATISTICS}


def trained(folder: Path, name: Any = 1, **changes: Any) -> Trained:
    config = train_section(**{"model": MODEL, "average": {"kind": "none"}, **changes})
    checkpoints = Checkpoints(folder / "checkpoints", {}, config.soup.epochs_in(config.epochs))
    fold = small_fold() if name == 1 else replace(small_fold(), name=name, before=small_fold())
    return train_fold(fold, config, checkpoints, Accelerator(cpu=True))


def test_a_mean_of_weights_worked_out_by_hand() -> None:
    one = {"weights": torch.tensor([1.0, 4.0]), "count": torch.tensor(7), "half": torch.tensor([1.0]).half()}
    two = {"weights": torch.tensor([2.0, 8.0]), "count": torch.tensor(9), "half": torch.tensor([2.0]).half()}
    mean = mean_weights(iter([one, two]))
    assert {name: tensor.tolist() for name, tensor in mean.items()} == {
        "weights": [1.5, 6.0],
        "count": 9,
        "half": [1.5],
    }
    assert {name: tensor.dtype for name, tensor in mean.items()} == {name: one[name].dtype for name in one}


def test_a_soup_is_the_mean_of_epochs_that_a_training_could_have_judged(tmp_path: Path) -> None:
    average = {"kind": "mean", "from_epoch": 2, "every": "epoch", "statistics": STATISTICS}
    expected = trained(tmp_path / "averaged", average=average).model.state_dict()
    made = trained(tmp_path / "soup", soup=SOUP)
    assert made.soup is not None
    for name, tensor in made.soup.state_dict().items():
        torch.testing.assert_close(tensor, expected[name], msg=name)
    without = trained(tmp_path / "without").model.state_dict()
    assert all(torch.equal(tensor, without[name]) for name, tensor in made.model.state_dict().items())


def test_it_lies_in_the_models_file(tmp_path: Path) -> None:
    made = trained(tmp_path, soup=SOUP)
    assert made.soup is not None
    write_trained(tmp_path, made)
    for model, of_soup in ((made.model, False), (made.soup, True)):
        read = load_model(tmp_path / "model.safetensors", of_soup).state_dict()
        assert all(torch.equal(tensor, read[name]) for name, tensor in model.state_dict().items())


def test_a_file_without_one_is_refused(tmp_path: Path) -> None:
    write_trained(tmp_path, trained(tmp_path))
    with pytest.raises(Refusal, match="it has no soup"):
        load_model(tmp_path / "model.safetensors", of_soup=True)


def test_statistics_that_stand_still_stay(tmp_path: Path) -> None:
    freezing = {"kind": "gradual", "head_epochs": 3, "stage_epochs": 0, "batchnorm": "eval"}
    made = trained(tmp_path, freezing=freezing, soup=SOUP)
    assert made.soup is not None
    for name, tensor in made.soup.backbone.state_dict().items():
        torch.testing.assert_close(tensor, made.model.backbone.state_dict()[name])


def test_all_rows_with_the_head_of_a_fold_have_it_in_the_soup_too(tmp_path: Path) -> None:
    made = trained(tmp_path, name="all_head0", soup=SOUP)
    assert made.soup is not None
    assert torch.equal(made.soup.head.weight, made.model.head.weight)  # type: ignore[arg-type]


def test_of_phases_the_last_one_makes_it() -> None:
    phases = [{"name": "a", "epochs": 1, "save_model": False}, {"name": "b", "epochs": 2, "save_model": False}]
    config = train_section(soup=SOUP, phases=phases)
    assert [phase.soup.kind for phase in config.in_phases] == ["none", "last_epochs"]


def test_more_epochs_than_there_are_are_refused() -> None:
    with pytest.raises(
        Refusal, match=r"train.soup.epochs is 4, longer than the training: train.epochs is 3 \(lower it"
    ):
        train_section(soup=SOUP | {"epochs": 4})
