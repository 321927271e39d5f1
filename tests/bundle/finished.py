"""Finished runs of miniatures whose models nobody trained: what a bundle needs, in a second."""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import yaml

from foldline.card.description import read_description
from foldline.ensembling import scoring
from foldline.files.places import FoldName, Places
from foldline.files.rows import read_rows
from foldline.params.kinds import name_of
from foldline.params.section import parse
from foldline.pixels.cache import read_pixels_key
from foldline.training.fold_samples import fit_encoding
from foldline.training.history import COLUMNS, write_history
from foldline.training.models import Architecture, build_model, save_model
from foldline.training.networks import Models
from pipelines import bundled, clip, ensemble, format, prepare, split
from pipelines.fold_prediction import predict_one
from tests.competitions.conftest import CARDS, PARAMS, set_up
from tests.competitions.drawing import Miniature
from tests.training.small import MODEL

RECIPE = Path(__file__).parents[2] / "params.yaml"


def always_applied(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is fitted is applied, though models that nobody trained gain nothing by it."""
    monkeypatch.setattr(scoring.Gain, "decided", lambda self, objection: self)


def finish(
    card: Path,
    miniature: Miniature,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    models: Sequence[tuple[FoldName, int]] = ((0, 0), (1, 0)),
    frozen: bool = False,
    **changes: Any,
) -> Places:
    """From `prepare` to `format` in an empty folder. changes: of sections of params.yaml."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["stage"])
    places = set_up(card, miniature)
    params = yaml.safe_load(RECIPE.read_text()) | PARAMS | {"competition": places.slug}
    params["train"] = yaml.safe_load(RECIPE.read_text())["train"]
    params |= {"folds": list(dict.fromkeys(fold for fold, _ in models))}
    params["train"] |= {"seeds": sorted({seed for _, seed in models})}
    params |= {key: params[key] | new for key, new in changes.items()}
    Path("params.yaml").write_text(yaml.safe_dump(params))
    prepare.main()
    split.main()
    for number, (fold, seed) in enumerate(models):
        write_model(places, fold, seed, number, frozen)
        predict_one(fold, seed)
    for stage in (ensemble, clip, format):
        stage.main()
    return places


def write_model(places: Places, fold: FoldName, seed: int, number: int, frozen: bool) -> None:
    torch.manual_seed(0 if frozen else number)  # frozen backbones are one
    classes, pixels = read_description(places.classes), read_pixels_key(places.pixels)
    rows = read_rows(places.rows)
    kind: dict[str, Any] = {"sizes": classes.sizes} if len(classes.sizes) > 1 else {}
    facts = {
        "model": parse(MODEL, Models, "model"),
        "channels": pixels.channels,
        "height": pixels.height,
        "width": pixels.width,
        "outputs": len(classes.names),
        "activation": {"kind": name_of(classes.activations[0]), **kind},
        "tabular": fit_encoding(rows[rows["part"] == "train"]),
        "frozen": frozen,
    }
    model = build_model(parse(facts, Architecture, "architecture"))
    if frozen:
        torch.nn.init.normal_(model.head.weight, generator=torch.Generator().manual_seed(number))  # type: ignore[arg-type]
    save_model(places.trained(fold, seed) / "model.safetensors", model)
    history = pd.DataFrame([dict.fromkeys(COLUMNS, np.nan) | {"epoch": 0, "learning_rate": 0.0}])
    write_history(places.trained(fold, seed) / "history.csv", history)


def predict_by(bundle: Path, inputs: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Any]:
    """What the notebook calls."""
    words = ["bundled", "--bundle", str(bundle), "--inputs", str(inputs), "--out", str(out)]
    monkeypatch.setattr(sys, "argv", words)
    return bundled.main()


def card_of(slug: str) -> Path:
    return CARDS / f"{slug}.yaml"


Draw = Callable[[], Miniature]
