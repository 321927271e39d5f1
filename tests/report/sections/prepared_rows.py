"""A competition of a few rows with their images, without files, as the sections before training take it."""

from typing import Any

import numpy as np
import pandas as pd
from pydantic import TypeAdapter

from foldline.card.target import Target
from foldline.report.prepared import Prepared

MULTICLASS = {"kind": "multiclass", "column": "label", "group": None}


def prepared_rows(
    targets: Any, classes: tuple[str, ...], target: dict[str, Any] = MULTICLASS, test: int = 0, **others: Any
) -> Prepared:
    """Train rows t0, t1, ... of these targets, then `test` rows; an image of noise for each, 8 x 12 pixels."""
    truth = np.asarray(targets)
    count = len(truth) + test
    parts = ["train"] * len(truth) + ["test"] * test
    ids = [f"{part[0]}{row}" for row, part in enumerate(parts)]
    images = pd.DataFrame({"row": range(count), "path": [f"{name}.png" for name in ids], "cache_index": range(count)})
    facts = {
        "rows": pd.DataFrame({"part": parts, "row_id": ids, "group": None}),
        "images": images.assign(height=8, width=12, error=pd.Series([None] * count, dtype=object)),
        "target": TypeAdapter(Target).validate_python(target),
        "targets": truth,
        "classes": classes,
        "pixels": np.random.default_rng(0).integers(0, 256, (count, 8, 12, 3), dtype=np.uint8),
    }
    return Prepared(**{**facts, **others})
