"""Every file that a stage or a command reads: how it is written whole, and how it is read."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from foldline.archive.archives import ArchiveFile, Manifest, read_manifest, write_manifest
from foldline.card.card import read_card
from foldline.card.description import Classes, read_description, write_description
from foldline.ensembling.finished_runs import read_saved
from foldline.ensembling.predictions import create_predictions, read_predictions
from foldline.ensembling.saved_runs import Record
from foldline.ensembling.standings import Compared
from foldline.experiment.params import read_params
from foldline.files.places import Places
from foldline.files.rows import read_rows, read_targets, write_rows, write_targets
from foldline.files.sums import read_sums, write_sums
from foldline.files.whole_files import read_json, write_json
from foldline.folds.folds_table import read_folds, write_folds
from foldline.folds.training_table import graded_entries, read_training_table, write_training_table
from foldline.kaggle.ledger import append_entry, entry, read_ledger
from foldline.local_kaggle.hosted_competition import Description
from foldline.metrics.decisions.rules import read_rule
from foldline.params.section import parse
from foldline.params.yaml_files import read_yaml
from foldline.pixels.cache import PixelsKey, read_images, read_pixels_key, write_images, write_pixels_key
from foldline.predicting.logits import create_logits, read_logits
from foldline.training.history import COLUMNS, read_history, write_history
from foldline.training.models import build_model, load_model, save_model
from pipelines.running import read_settings
from pipelines.summary import print_summary
from tests.training.test_models import architecture
from tests.words import DISTRIBUTION, SOFTMAX

IDS = ("1", "2", "3", "4")
ROWS = pd.DataFrame(
    {"part": ["train"] * 3 + ["test"], "row_id": IDS, "group": [None] * 4, "tabular:age": [1.0, np.nan, 3.0, 4.0]}
).astype({"group": "str"})
TARGETS = np.array([0, 1, 0])
CLASSES = ("cat", "dog")
IMAGES = pd.DataFrame(
    {
        "row": [0, 1, 2, 3], "path": ["a", "b", "c", "d"], "cache_index": [0, 1, 2, 3], "height": 8, "width": 8,
        "exact_hash": "00", "perceptual_hash": 0, "error": pd.Series([None] * 4, dtype="str"),
    }
)  # fmt: skip
FOLDS = pd.DataFrame({"row_id": IDS[:3], "fold": [0, 1, 0], "cluster": [0, 1, 2]})
KEY = PixelsKey(
    key="0" * 64, count=4, height=8, width=8, channels=3, dtype="uint8", resize="squash", range=None, jpeg_quality=None
)
HOSTED = {
    "title": "a", "metric": "accuracy", "sample": "s.csv", "extra_columns": "ignored", "submissions_per_day": 5,
    "state": "running",
}  # fmt: skip
ENSEMBLE = {"metric": "log_loss", "score": 0.5, "fold_scores": {"0": 0.5}, "fold_mean": 0.5, "folds": [0], "gains": {}}
CLIPPED = {"metric": "log_loss", "score": 0.5, "score_before": 0.5, "gains": {}}
ROOT = Path(__file__).parents[2]


class Read(NamedTuple):
    write: Callable[[Path], object]
    read: Callable[[Path], object]


def sums_into(path: Path) -> None:
    (path.parent / "some.txt").write_text("some")
    write_sums(path.parent)


def copied(file: str) -> Callable[[Path], object]:
    return lambda path: path.write_bytes((ROOT / file).read_bytes())


def logits_into(folder: Path) -> None:
    values = create_logits(folder, IDS[:2], IDS[3:], ("plain",), CLASSES, SOFTMAX)
    del values


def predictions_into(folder: Path) -> None:
    found = create_predictions(folder, IDS[:3], IDS[3:], np.array([0, 1, 0]), CLASSES, DISTRIBUTION)
    found.out_of_fold[:] = found.test[:] = 0.5
    del found


def root_of(path: Path) -> Path:
    """path: below work/."""
    return next(folder.parent for folder in path.parents if folder.name == "work")


def scores_into(path: Path) -> None:
    places = Places("s", root_of(path))
    for file, value in (
        (places.ensemble / "metrics.json", ENSEMBLE),
        (places.clipped / "metrics.json", CLIPPED),
        (places.score, {"score": 0.5, "top_1_accuracy": None}),
    ):
        write_json(file, value)


def summary_around(path: Path) -> None:
    print_summary(Places("s", root_of(path)), "next")


def saved_into(path: Path) -> None:
    write_json(path, Record(made=0.0, seconds=None, csv="1a", files={}).model_dump())
    (path.parent / "params.yaml").write_text("competition: s\n")


READERS: dict[str, Read] = {
    "params.yaml": Read(copied("params.yaml"), read_params),
    "params.yaml ": Read(copied("params.yaml"), read_settings),
    "digits.yaml": Read(copied("pipelines/competitions/digits.yaml"), read_card),
    "competition.yaml": Read(
        lambda path: write_json(path, HOSTED, hashed=False), lambda path: parse(read_yaml(path), Description, str(path))
    ),
    "manifest.json": Read(
        lambda path: write_manifest(
            path, Manifest(competition="s", files=(ArchiveFile(name="a.zip", bytes=1, sha256="0"),))
        ),
        read_manifest,
    ),
    "classes.json": Read(
        lambda path: write_description(path, Classes(names=CLASSES, sizes=(2,), activations={})), read_description
    ),
    "pixels.json": Read(lambda path: write_pixels_key(path, KEY), read_pixels_key),
    "SHA256SUMS": Read(sums_into, lambda path: read_sums(path.parent)),
    "rule.json": Read(lambda path: write_json(path, {"kind": "as_predicted"}), read_rule),
    "rows.parquet": Read(lambda path: write_rows(path, ROWS), read_rows),
    "targets.npy": Read(lambda path: write_targets(path, TARGETS), lambda path: read_targets(path, ROWS, CLASSES)),
    "images.parquet": Read(lambda path: write_images(path, IMAGES), read_images),
    "folds.csv": Read(lambda path: write_folds(path, FOLDS), read_folds),
    "training.parquet": Read(
        lambda path: write_training_table(path, graded_entries(np.arange(3), TARGETS, 2)),
        lambda path: read_training_table(path, 3, 2),
    ),
    "history.csv": Read(
        lambda path: write_history(path, pd.DataFrame({name: [1.0] for name in COLUMNS})), read_history
    ),
    "ledger.csv": Read(lambda path: append_entry(path, entry("digits", "1a", "scored", 8, "0.5")), read_ledger),
    "model.safetensors": Read(lambda path: save_model(path, build_model(architecture())), load_model),
    "work/s/runs/run-1/run.json": Read(saved_into, lambda path: read_saved(path, "s")),
    "work/s/compared/pair.json": Read(
        lambda path: write_json(path, {"verdict": "real"}), lambda path: parse(read_json(path), Compared, str(path))
    ),
    **{
        f"logits/{name}": Read(lambda path: logits_into(path.parent), lambda path: read_logits(path.parent))
        for name in ("ids.parquet", "classes.json", "validation.npy", "test.npy")
    },
    **{
        f"predictions/{name}": Read(
            lambda path: predictions_into(path.parent), lambda path: read_predictions(path.parent)
        )
        for name in ("ids.parquet", "classes.json", "out_of_fold.npy", "test.npy")
    },
    **{
        f"work/s/{name}": Read(scores_into, summary_around)
        for name in ("ensemble/metrics.json", "clip/metrics.json", "score.json")
    },
}
