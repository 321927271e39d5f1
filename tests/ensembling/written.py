"""Predictions of tests as the folders that the stages would have left."""

from pathlib import Path

from foldline.ensembling.predictions import Predictions, create_like
from foldline.files.whole_files import whole_folder
from foldline.predicting.logits import Logits, create_logits


def write_logits(folder: Path, logits: Logits) -> None:
    with whole_folder(folder) as partial:
        axes = (logits.validation_ids, logits.test_ids, logits.views, logits.classes, logits.activation)
        written = create_logits(partial, *axes)
        for part in ("validation", "test"):
            getattr(written, part)[:] = getattr(logits, part)


def write_predictions(folder: Path, predictions: Predictions) -> None:
    with whole_folder(folder) as partial:
        written = create_like(predictions, partial)
        for part in ("out_of_fold", "test"):
            getattr(written, part)[:] = getattr(predictions, part)
