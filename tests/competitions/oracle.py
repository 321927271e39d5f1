"""Instead of a trained model: logits that know the answers but for some noise."""

from pathlib import Path

import numpy as np
import pandas as pd

from foldline.card.activations import Activation
from foldline.card.description import read_classes
from foldline.card.target import Target
from foldline.card.targets.number_targets import LabelDistribution, Regression
from foldline.card.targets.several_labels import Multilabel
from foldline.card.targets.single_labels import Binary
from foldline.files.places import Places
from foldline.files.rows import read_rows
from foldline.folds.folds_table import read_folds
from foldline.params.section import read_section
from foldline.predicting.logits import Logits
from foldline.training.history import COLUMNS as HISTORY
from foldline.training.history import write_history
from tests.competitions.drawing import Label, Miniature
from tests.ensembling.written import write_logits

CERTAINTY = 6.0
NOISE = 0.5
LEAST_SHARE = 1e-3


def predict_fold(places: Places, fold: int, miniature: Miniature) -> None:
    """Write what the stages `train` and `predict` would hand on of `fold`."""
    folds, rows = read_folds(places.folds), read_rows(places.rows)
    target = read_section(Path(f"pipelines/competitions/{places.slug}.yaml"), "target", Target)
    classes = read_classes(places.classes)
    validation_ids = tuple(folds.loc[folds["fold"] == fold, "row_id"])
    test_ids = tuple(rows.loc[rows["part"] == "test", "row_id"])
    generator = np.random.default_rng(fold)
    validation, test = (
        _logits([truth[row_id] for row_id in ids], target, classes, generator)
        for ids, truth in ((validation_ids, miniature.labels), (test_ids, miniature.answers))
    )
    logits = Logits(validation, test, validation_ids, test_ids, ("identity",), classes, _activation(target, classes))
    write_logits(places.predicted(fold, 0), logits)
    history = pd.DataFrame([(1, *[0.5] * (len(HISTORY) - 1))], columns=HISTORY)
    write_history(places.trained(fold, 0) / "history.csv", history)


def _logits(truth: list[Label], target: Target, classes: tuple[str, ...], generator: np.random.Generator) -> np.ndarray:
    """(rows, one view, outputs): `CERTAINTY` for what is true, a number itself; and noise."""
    if isinstance(target, Regression):
        outputs = np.array(truth, dtype=float).reshape(len(truth), len(classes))
    elif isinstance(target, LabelDistribution):
        outputs = np.log(np.maximum(np.array(truth, dtype=float), LEAST_SHARE))
    elif isinstance(target, Binary):
        positive = np.array([_is_positive(label, target) for label in truth])
        outputs = CERTAINTY * np.stack([~positive, positive], axis=1)
    else:
        known = [[name in label if isinstance(label, tuple) else name == label for name in classes] for label in truth]
        outputs = CERTAINTY * (np.array(known) - (0.5 if isinstance(target, Multilabel) else 0))
    noise = generator.normal(scale=NOISE, size=outputs.shape)
    return (outputs + noise).astype(np.float32)[:, None, :]


def _activation(target: Target, classes: tuple[str, ...]) -> Activation:
    """Of the usual loss for this kind of target (docs/design.md)."""
    return target.activations[0].over(target.sizes(classes))


def _is_positive(label: Label, target: Binary) -> bool:
    return label != target.negative if target.positive is None else label == target.positive
