"""Loss, schedule, model and augmentation of one's own: learned with, resumed, and refused where they are none."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from foldline.files.refusal import Refusal
from foldline.training.augmentation import build_augmentation
from foldline.training.models import load_model
from tests.training.small import run_dry, train_section
from tests.training.test_resumed import FILES, Killed, run

FILE = "input/own/mine.py"
OWN = '''
import numpy as np
import torch
from torch import nn


class Margin:
    """Cross-entropy after the right class's logit lost a margin (Wang et al. 2018)."""

    def __init__(self, margin):
        self.margin = margin

    def __call__(self, logits, targets):
        return -((logits - self.margin * targets).log_softmax(dim=1) * targets).sum(dim=1)


def triangle(step, steps, steps_per_epoch, low):
    return low + (1 - low) * (1 - abs(2 * step / steps - 1))


class Net(nn.Sequential):
    def __init__(self, channels, height, width, outputs, hidden):
        super().__init__(
            nn.Conv2d(channels, hidden, 3, 2), nn.BatchNorm2d(hidden), nn.ReLU(), nn.AdaptiveAvgPool2d(4),
            nn.Flatten(), nn.Dropout(0.1), nn.Linear(16 * hidden, outputs),
        )


class Spare(nn.Module):
    def __init__(self, **sizes):
        super().__init__()
        self.net, self.spare = Net(**sizes, hidden=8), nn.Linear(2, 2)

    def forward(self, images):
        return self.net(images)


class Breaking(Net):
    """At one size of images alone, and not before it learns."""

    def forward(self, images):
        if self.training and images.shape[-1] == 12:
            raise KeyError("stage 3")
        return super().forward(images)


class Noise:
    def __init__(self, strength):
        self.strength = strength

    def __call__(self, image, random):
        return (image + random.normal(0, self.strength, image.shape)).clip(0, 255).astype(image.dtype)


def mean_loss(): return lambda logits, targets: logits.mean()
def detached(): return lambda logits, targets: logits.detach().sum(dim=1)
def infinite(): return lambda logits, targets: logits.sum(dim=1) / 0
def steep(): return lambda logits, targets: (logits - logits.detach()).abs().sqrt().sum(dim=1)
def failing(**keys): raise ValueError("no such margin")
def number(): return 3
def falling(step, steps, steps_per_epoch): return 1 - step
def wide(channels, height, width, outputs): return nn.Sequential(nn.Flatten(), nn.Linear(channels * height * width, 9))
def picky(channels, height, width, outputs): return nn.Linear(7, outputs)
def cropping(): return lambda image, random: image[1:]
def floating(): return lambda image, random: image / 255
'''


def own(name: str, **keys: Any) -> dict[str, Any]:
    return {"kind": "python", "file": FILE, "name": name, **keys}


LEARNING = {
    "loss": own("Margin", margin=0.3),
    "schedule": own("triangle", low=0.1),
    "model": own("Net", hidden=8),
    "augmentation": {"recipe": own("Noise", strength=4.0), "transforms": []},
    "learning_rates": {"kind": "layer_decay", "head": 0.01, "backbone": 0.01, "layer_decay": 1.0, "groups": "stages"},
}


@pytest.fixture(autouse=True)
def in_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(FILE).parent.mkdir(parents=True)
    Path(FILE).write_text(OWN)


def test_a_training_of_ones_own_learns_and_ends_the_same_if_it_is_resumed() -> None:
    config = train_section(epochs=6, workers=2, **LEARNING)
    run_dry(config, (16, 16, 1))
    run(config, Path("straight"))
    with pytest.raises(Killed):
        run(config, Path("stopped"), 2)
    run(config, Path("stopped"))
    for name in FILES:
        assert Path("straight", name).read_bytes() == Path("stopped", name).read_bytes()
    losses = [float(line.split(",")[2]) for line in Path("straight/history.csv").read_text().splitlines()[1:]]
    assert losses[-1] < 0.7 * losses[0]


def test_a_model_of_ones_own_comes_back_until_its_file_changes() -> None:
    run(train_section(epochs=1, **LEARNING), Path("trained"))
    path, images = Path("trained/model.safetensors"), torch.randint(0, 256, (2, 1, 16, 16), dtype=torch.uint8)
    model = load_model(path)
    assert torch.equal(model(images), load_model(path)(images))
    assert torch.equal(model(images), model.backbone(images.float() / 255))
    Path(FILE).write_text(OWN + "\n# another\n")
    with pytest.raises(Refusal, match=r"learned with another input/own/mine\.py than there is now"):
        load_model(path)


def test_its_values_reach_every_step() -> None:
    rates = train_section(schedule=LEARNING["schedule"]).schedule.rates(4, 2)
    assert [rates(step) for step in (0, 2, 4, 7)] == pytest.approx([0.1, 0.55, 1.0, 0.325])


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "absent": (
        {"loss": own("ArcFace")},
        "mine.py has no `ArcFace`. It defines: Margin, triangle, Net, Spare, Breaking, Noise",
    ),
    "keys": ({"loss": own("Margin", scale=1)}, "`Margin` failed: TypeError: "),
    "fails": ({"loss": own("failing")}, "`failing` failed: ValueError: no such margin (line "),
    "no loss": ({"loss": own("number")}, "`number` gives int, which cannot be called with logits and targets"),
    "one loss": ({"loss": own("mean_loss")}, "`mean_loss` makes () of logits and targets of shape (5, 3)"),
    "detached": ({"loss": own("detached")}, "`detached` gives losses that do not depend on the logits"),
    "infinite": ({"loss": own("infinite")}, "`infinite` makes losses that are not finite numbers"),
    "gradient": ({"loss": own("steep")}, "`steep` has a gradient that is not a finite number"),
    "rate": ({"schedule": own("falling")}, "`falling` gives -1 for step 2 of 30: a factor of the rate is 0 or more"),
    "no schedule": ({"schedule": own("Margin", margin=1)}, "`Margin` failed: TypeError: "),
    "outputs": ({"model": own("wide")}, "`wide` makes (2, 9) of images (2, 1, 16, 16): logits are (batch, outputs)"),
    "pixels": ({"model": own("picky")}, "`picky` failed: RuntimeError: "),
    "no model": ({"model": own("Margin", margin=1)}, "`Margin` failed: TypeError: "),
    "shape": (
        {"augmentation": {"recipe": own("cropping"), "transforms": []}},
        "`cropping` makes (15, 16, 1), uint8 of an image of (16, 16, 1), uint8: it must keep both",
    ),
    "type": ({"augmentation": {"recipe": own("floating"), "transforms": []}}, "`floating` makes (16, 16, 1), float64"),
}


@pytest.mark.parametrize("mistake", sorted(REFUSED))
def test_refuses(mistake: str) -> None:
    changes, message = REFUSED[mistake]
    with pytest.raises(Refusal) as refusal:
        run_dry(train_section(learning_rates=FLAT, **changes), (16, 16, 1))
    assert message in str(refusal.value) and FILE in str(refusal.value)


FLAT = {"kind": "layer_decay", "head": 0.01, "backbone": 0.01, "layer_decay": 1.0, "groups": "stages"}


def test_parameters_that_are_never_used_are_refused_where_processes_wait_for_their_gradients() -> None:
    config = train_section(learning_rates=FLAT, model=own("Spare"))
    run_dry(config, (16, 16, 1))
    with pytest.raises(Refusal, match=r"`Spare` has parameters that no pass uses \(spare.bias, spare.weight\)"):
        run_dry(config, (16, 16, 1), processes=2)


def test_each_size_of_the_schedule_is_tried() -> None:
    growing = {"start_fraction": 0.5, "end_fraction": 1.0, "growing_epochs": 2}
    model = own("Breaking", hidden=8)
    run_dry(train_section(learning_rates=FLAT, model=model), (16, 16, 1))
    with pytest.raises(
        Refusal, match=r"train.resolution: `Breaking` cannot learn from images of 12 x 12 .*KeyError: 'st"
    ):
        run_dry(train_section(learning_rates=FLAT, model=model, resolution=growing), (16, 16, 1))


def test_what_needs_a_head_is_refused() -> None:
    gradual = {"kind": "gradual", "head_epochs": 1, "stage_epochs": 1, "batchnorm": "eval"}
    with pytest.raises(Refusal, match=r"train.freezing.kind is gradual, in which the head learns first, but"):
        train_section(model=own("Net", hidden=8), freezing=gradual)
    probed = {"kind": "linear_probe", "inverse_penalty": 1.0}
    with pytest.raises(Refusal, match=r"one Linear layer, as this model's head is not"):
        train_section(model=own("Net", hidden=8), head_initialisation=probed)


def test_images_come_with_the_same_noise_however_they_are_loaded() -> None:
    image = np.full((16, 16, 1), 100, np.uint8)
    one, other = (build_augmentation(train_section(**LEARNING).augmentation, (16, 16, 1), ()) for _ in range(2))
    assert one is not None and other is not None
    one(image, 1)
    assert np.array_equal(one(image, 7), other(image, 7))
    assert not np.array_equal(one(image, 7), one(image, 8))
