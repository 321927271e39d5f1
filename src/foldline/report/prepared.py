"""A competition with its images decoded and nothing trained: what the preview and the doctor's page show."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from jaxtyping import Int64

from foldline.card.target import Target
from foldline.files.rows import Targets
from foldline.pixels.cached_pixels import CachedPixels
from foldline.report.page import Key


@dataclass(frozen=True)
class Prepared:
    rows: pd.DataFrame
    """rows.parquet."""
    images: pd.DataFrame
    """images.parquet."""
    target: Target
    targets: Targets
    """Of the train rows, in the form of files/rows.py."""
    classes: tuple[str, ...]
    pixels: CachedPixels

    @cached_property
    def shown(self) -> list[str]:
        """The train rows' targets, as a person reads them."""
        return self.target.shown(self.targets, self.classes)

    @cached_property
    def first_images(self) -> pd.Series:
        """By train row the place in the pixel cache of its first image that can be read; others are left out."""
        readable = self.images[self.images["error"].isna()].drop_duplicates("row").set_index("row")
        return readable.loc[readable.index < len(self.targets), "cache_index"]

    def drawn_rows(self, rows: Int64[np.ndarray, " rows"], most: int, seed: tuple[int, ...]) -> list[int]:
        """At most so many of `rows`, train rows, that have an image to show, in the order of rows.parquet."""
        there = rows[np.isin(rows, self.first_images.index)]
        return np.sort(np.random.default_rng(seed).permutation(there)[:most]).tolist()


def counts(prepared: Prepared) -> list[Key]:
    """How many there are of each thing that the pictures are drawn from."""
    train, files = len(prepared.targets), prepared.images["path"].nunique()
    found = {"train rows": train, "test rows": len(prepared.rows) - train, "images": files}
    return [Key(label, f"{count:,}") for label, count in found.items()]
