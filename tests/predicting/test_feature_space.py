"""Features on disk against direct forward passes: what is made, kept, made anew and refused."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from foldline.card.views import view_of
from foldline.files.refusal import Refusal
from foldline.params.section import parse
from foldline.predicting.feature_space import Space
from foldline.predicting.making_features import make_features
from foldline.predicting.predicted_rows import RowImages
from foldline.training.features import stage_features
from foldline.training.models import Architecture, Classifier, build_model
from foldline.training.networks import Models
from foldline.training.processes import start_accelerator
from tests.training.small import MODEL

STAGES = {"act1": 32, "layer1": 32, "layer2": 48, "layer3": 192, "layer4": 96, "last": 96}
IMAGES_PER_ROW = (1, 3, 1, 2)
PIXELS = torch.randint(0, 256, (9, 1, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
FLIP = "horizontal_flip"


@pytest.fixture
def model() -> Classifier:
    torch.manual_seed(0)
    facts: dict[str, Any] = {"channels": 1, "height": 32, "width": 32, "outputs": 3, "activation": "softmax"}
    return build_model(Architecture(model=parse(MODEL, Models, "model"), tabular=None, **facts))


@pytest.fixture
def space(tmp_path: Path) -> Space:
    """Four rows of seven images, which lie in the cache in the opposite order; and two rows of one."""
    images = {
        "out_of_fold": RowImages(np.arange(7)[::-1].copy(), np.repeat(np.arange(4), IMAGES_PER_ROW), 4),
        "test": RowImages(np.array([7, 8]), np.array([0, 1]), 2),
    }
    ids = {"out_of_fold": tuple("abcd"), "test": tuple("yz")}
    return Space("fold0-seed0", "foldline features --fold 0 --seed 0", tmp_path / "key", {"a": 1}, ids, images)


def load(positions: np.ndarray) -> Iterator[tuple[Tensor, Tensor]]:
    for index in torch.arange(len(positions)).split(3):
        yield PIXELS[positions[index.numpy()]], index


Make = Callable[..., int]


@pytest.fixture
def make(space: Space, model: Classifier) -> Make:
    """A function that makes what is not there, and returns how many images went through the model; where anything is
    made, one is blank, to see how many channels there are."""

    def run(*pairs: tuple[str, str], stages: tuple[str, ...] = ()) -> int:
        seen: list[int] = []
        hook = model.backbone.get_submodule("conv1").register_forward_pre_hook(
            lambda _, given: seen.append(len(given[0]))
        )
        wanted = [(part, view) for part, view in pairs if not space.has(part, view, stages)]
        if wanted:
            make_features(space, model, wanted, stages, load, "mean", start_accelerator("float32"))
        hook.remove()
        return sum(seen)

    return run


@torch.no_grad()
def expected(model: Classifier, part: str, stage: str, view: str) -> np.ndarray:
    """Each image by itself, and the means of the rows'."""
    pixels = PIXELS[:7].flip(0) if part == "out_of_fold" else PIXELS[7:]
    batch = model.eval().normalised(view_of(view)(pixels))
    of_images = stage_features(model.backbone, batch, model.pooling)[stage].numpy()
    counts = IMAGES_PER_ROW if part == "out_of_fold" else (1, 1)
    return np.stack([rows.mean(axis=0) for rows in np.split(of_images, np.cumsum(counts)[:-1])])


def test_vectors_are_those_of_a_direct_forward_pass_and_the_means_of_a_rows_images(
    space: Space, model: Classifier, make: Make
) -> None:
    make(("out_of_fold", "identity"), ("out_of_fold", FLIP), ("test", "identity"))
    assert space.stages == STAGES
    for part, view in (("out_of_fold", "identity"), ("out_of_fold", FLIP), ("test", "identity")):
        for stage, channels in STAGES.items():
            found = space.vectors(part, stage, view)
            assert (found.dtype, found.shape) == (np.float16, (len(space.ids[part]), channels))
            assert isinstance(found, np.memmap)
            np.testing.assert_allclose(found, expected(model, part, stage, view), rtol=2e-3, atol=1e-5)
    assert not np.array_equal(space.vectors("out_of_fold", "act1"), space.vectors("out_of_fold", "act1", FLIP))


def test_what_is_there_needs_no_forward_pass_and_stages_join_those_before(space: Space, make: Make) -> None:
    both = ("out_of_fold", "identity"), ("test", "identity")
    assert make(*both, stages=("layer2",)) == 1 + 9
    before = space.vectors("test", "layer2").tobytes()
    assert make(*both, stages=("layer2",)) == 0
    with pytest.raises(
        Refusal, match=r"last.npy does not exist. Run `foldline features --fold 0 --seed 0 --rows test "
    ):
        space.vectors("test", "last")
    assert make(both[1], stages=("last",)) == 1 + 2
    assert space.vectors("test", "layer2").tobytes() == before
    assert sorted(file.name for file in (space.folder / "test" / "identity").iterdir()) == ["last.npy", "layer2.npy"]
    assert make(*both) == 1 + 9


def test_a_flipped_bit_is_refused_with_the_command_that_makes_it_anew(space: Space, make: Make) -> None:
    make(("test", "identity"), ("out_of_fold", "identity"))
    file = space.file("test", "identity", "layer3")
    content = bytearray(file.read_bytes())
    content[200] ^= 1
    file.write_bytes(content)
    with pytest.raises(Refusal, match=r"layer3.npy is damaged.*Run `.* --rows test --views identity --stages layer3`"):
        space.vectors("test", "layer3")
    assert make(("test", "identity"), ("out_of_fold", "identity")) == 1 + 2
    assert space.vectors("test", "layer3").shape == (2, 192)


def test_numbers_beyond_float16_are_refused_and_nothing_is_left(space: Space, model: Classifier, make: Make) -> None:
    with torch.no_grad():
        for parameter in model.backbone.get_submodule("layer4").parameters():
            parameter.mul_(1e3)
    with pytest.raises(
        Refusal, match=r"`layer4` reach .* \(in the test row y\), and float16 ends at 65504.*--stages act1"
    ):
        make(("test", "identity"))
    assert [path.name for path in space.folder.rglob("*") if path.is_file()] == ["space.json"]
    assert make(("test", "identity"), stages=("act1", "layer3")) == 1 + 2


def test_an_unknown_stage_and_rows_of_another_space_are_refused(space: Space, make: Make) -> None:
    with pytest.raises(Refusal, match=r"no stage `layer5`. Did you mean `layer\d`\? Choose from act1, .*, last"):
        make(("test", "identity"), stages=("layer5",))
    with pytest.raises(Refusal, match=r"fold0-seed0 has features of the rows out_of_fold, test, not of train"):
        space.vectors("train", "last")


def test_what_an_earlier_key_left_goes(space: Space, make: Make) -> None:
    earlier, other = (space.folder.with_name(name) for name in ("earlier", "of_somebody"))
    for folder in (earlier, other):
        folder.mkdir()
    (earlier / "space.json").write_text("{}")
    make(("test", "identity"), stages=("last",))
    assert (earlier.exists(), other.exists()) == (False, True)
