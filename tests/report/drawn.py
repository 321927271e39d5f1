"""A finished run of a few rows, without files, as sections take it."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from pydantic import TypeAdapter

from foldline.card.target import Target
from foldline.ensembling.forms import Form
from foldline.metrics.metric import Metric
from foldline.report.evidence import GAINS, Evidence

MULTICLASS = {"kind": "multiclass", "column": "label", "group": None}
HISTORY = ("fold", "seed", "epoch", "learning_rate", "train_loss", "train_accuracy", "validation_loss")


def drawn(
    targets: Any,
    after: Any,
    *,
    classes: tuple[str, ...] = ("cat", "dog"),
    target: dict[str, Any] = MULTICLASS,
    metric: dict[str, Any] | None = None,
    form: Any = "distribution",
    **others: Any,
) -> Evidence:
    """Predictions of these rows, in two folds by turns, one image each; answers are the predictions, and losses those
    of the form."""
    truth, predictions = np.asarray(targets), np.asarray(after, np.float32)
    rows, of_form = len(truth), TypeAdapter(Form).validate_python({"kind": form} if isinstance(form, str) else form)
    ids, turns = tuple(f"r{row}" for row in range(rows)), np.arange(rows)
    found = Evidence(
        metric=TypeAdapter(Metric).validate_python(metric or {"kind": "log_loss"}).of(classes),
        target=TypeAdapter(Target).validate_python(target),
        form=of_form,
        classes=classes,
        ids=ids,
        targets=truth,
        before=predictions,
        after=predictions,
        answers=predictions,
        folds=turns % 2,
        clusters=turns,
        losses=of_form.row_losses(predictions, truth),
        loss_name=of_form.loss_name,
        first_images=turns,
        rows=pd.DataFrame({"part": "train", "row_id": ids, "group": None}),
        images=pd.DataFrame({"row": turns, "cache_index": turns, "height": 8, "width": 8, "error": None}),
        gains=pd.DataFrame(columns=[*GAINS, "stage"]),
        history=pd.DataFrame([(0, 0, 1, *[0.5] * 4), (1, 0, 1, *[0.5] * 4)], columns=HISTORY),
    )
    return replace(found, **others)
