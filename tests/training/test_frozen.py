"""Features of a backbone that no epoch trains stand in the images' place, and are made once."""

from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate import Accelerator

from foldline.card.views import view_of
from foldline.pixels.loaders import evaluation_loader
from foldline.training.frozen import BATCH_SIZE, FILE, frozen_features, head_of
from foldline.training.models import Classifier, build_model
from tests.training.test_models import architecture

VIEWS = ["identity", "horizontal_flip"]
PIXELS = np.random.default_rng(0).integers(0, 256, (BATCH_SIZE + 5, 32, 32, 1), np.uint8)


def model_of(name: str = "test_vit", seed: int = 0) -> Classifier:
    torch.manual_seed(seed)
    return build_model(architecture(name)).eval()


def files(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob(FILE)}


@pytest.mark.parametrize("name", ["test_vit", "test_resnet"])
def test_the_head_makes_of_them_what_the_model_makes_of_images(name: str, tmp_path: Path) -> None:
    model = model_of(name)
    features = frozen_features(model, PIXELS, tmp_path, VIEWS, 0, Accelerator(cpu=True))
    chosen = np.array([3, len(PIXELS) - 1, 0])
    [(given, _)], [(images, _)] = (evaluation_loader(one, chosen, 8, 0) for one in (features, PIXELS))
    with torch.no_grad():
        for at, view in enumerate(VIEWS):
            torch.testing.assert_close(head_of(model, at)(given), model(view_of(view)(images)), rtol=1e-4, atol=1e-5)


def test_what_was_made_serves_again_and_another_backbone_has_its_own(tmp_path: Path) -> None:
    def make(seed: int) -> dict[Path, int]:
        frozen_features(model_of(seed=seed), PIXELS, tmp_path, VIEWS, 0, Accelerator(cpu=True))
        return files(tmp_path)

    first = make(0)
    assert len(first) == 2 and make(0) == first
    assert len(make(1)) == 4 and make(1).items() >= first.items()


def test_another_head_changes_nothing(tmp_path: Path) -> None:
    model = model_of()
    frozen_features(model, PIXELS, tmp_path, VIEWS, 0, Accelerator(cpu=True))
    before = files(tmp_path)
    torch.nn.init.ones_(model.head.weight)  # type: ignore[arg-type]
    frozen_features(model, PIXELS, tmp_path, VIEWS, 0, Accelerator(cpu=True))
    assert files(tmp_path) == before


def test_a_damaged_file_is_made_anew(tmp_path: Path) -> None:
    frozen_features(model_of(), PIXELS, tmp_path, ["identity"], 0, Accelerator(cpu=True))
    (path,) = tmp_path.rglob(FILE)
    whole = path.read_bytes()
    path.write_bytes(whole[:300] + bytes([whole[300] ^ 1]) + whole[301:])
    frozen_features(model_of(), PIXELS, tmp_path, ["identity"], 0, Accelerator(cpu=True))
    assert path.read_bytes() == whole
