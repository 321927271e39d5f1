"""Whether test images look like train images: sizes, shapes, brightness and contrast."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
import scipy
from jaxtyping import Float, Int64

from foldline.files.refusal import listed
from foldline.pixels.cached_pixels import CachedPixels
from foldline.report.charts import HOVER, Spec, chart, drawn_rows, mark, names, numbers, shares, table_of
from foldline.report.evidence import Evidence
from foldline.report.page import Chart, LeftOut, Section

MOST_IMAGES = 1000
"""Of each part whose pixels are read: enough to find a gap of a tenth, and soon decoded."""
BINS = 24
LEAST_GAP = 0.1
"""Of the cumulative shares: a smaller one is no difference to act on, however sure it is."""
LEAST_P = 0.001
PARTS = ("train", "test")
Values = Float[np.ndarray, " images"]
Train = Float[np.ndarray, " train_images"]
Test = Float[np.ndarray, " test_images"]


class Gap(NamedTuple):
    """Between two parts' images, in one measure."""

    statistic: float
    """Kolmogorov and Smirnov's: how far their cumulative shares are apart where they are furthest."""
    p: float

    @property
    def counts(self) -> bool:
        return self.statistic >= LEAST_GAP and self.p < LEAST_P


def shift(evidence: Evidence, pixels: CachedPixels) -> Section:
    parts = {part: measures(evidence, pixels, part) for part in PARTS}
    if not all(len(one["pixels (height x width)"]) for one in parts.values()):
        raise LeftOut("train against test needs images of both that can be read")
    pairs = {name: (parts["train"][name], parts["test"][name]) for name in parts["train"]}
    gaps = {name: gap(*pair) for name, pair in pairs.items()}
    found = pd.DataFrame(
        [
            (name, *map(np.median, pairs[name]), *one, "differs" if one.counts else "alike")
            for name, one in gaps.items()
        ],
        columns=["measure", "train, median", "test, median", "D", "p", "verdict"],
    )
    lede = (
        "D is Kolmogorov and Smirnov's statistic: the largest difference between the shares of train and of test "
        f"images below any value. A measure differs where D is {LEAST_GAP} or more, and p, how often chance does as "
        f"much, below {LEAST_P}. Brightness (the mean) and contrast (the standard deviation) are of at most "
        f"{MOST_IMAGES:,} images each, as they are in the pixel cache, from 0 to 255."
    )
    table = table_of(found, "Train and test images", {"D": ".3f", "p": ".2g"})
    varied = {name: pair for name, pair in pairs.items() if np.ptp(np.concatenate(pair))}
    charts = [
        Chart(drawn(histogram(*pair, name), name), f"{name} of train and test", half=True)
        for name, pair in varied.items()
    ]
    return Section("shift", headline(gaps), lede, [table, *charts])


def measures(evidence: Evidence, pixels: CachedPixels, part: str) -> Mapping[str, Values]:
    """Of a part's readable images: of all of them sizes, of some brightness and contrast."""
    of_part = evidence.rows["part"].to_numpy()[evidence.images["row"]] == part
    images = evidence.images[of_part & evidence.images["error"].isna()]
    height, width = (images[side].to_numpy(np.float64) for side in ("height", "width"))
    brightness, contrast = light(pixels, images["cache_index"].to_numpy(np.int64)[drawn_rows(len(images), MOST_IMAGES)])
    return {
        "pixels (height x width)": height * width,
        "width / height": width / height,
        "brightness": brightness,
        "contrast": contrast,
    }


def light(pixels: CachedPixels, indices: Int64[np.ndarray, " images"]) -> tuple[Values, Values]:
    """The mean and the standard deviation of each image's grey values."""
    greys = (pixels[index].mean(axis=2, dtype=np.float64) for index in indices)
    found = np.array([(grey.mean(), grey.std()) for grey in greys]).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def gap(train: Train, test: Test) -> Gap:
    """Source: Smirnov, Table for Estimating the Goodness of Fit of Empirical Distributions, 1948."""
    found = scipy.stats.ks_2samp(train, test, method="asymp")
    return Gap(float(found.statistic), float(found.pvalue))


def histogram(train: Train, test: Test, name: str) -> pd.DataFrame:
    """`part` and `share` of its images, by where a bin begins: all are as wide as each other, the outermost ones hold
    the outermost hundredths, too. The last line of each part is where its last bin ends."""
    low, high = np.quantile(np.concatenate([train, test]), [0.01, 0.99])
    edges = np.linspace(low, high if high > low else low + 1, BINS + 1)
    tables = []
    for part, values in zip(PARTS, (train, test), strict=True):
        counts, _ = np.histogram(values.clip(edges[0], edges[-1]), edges)
        tables.append(pd.DataFrame({name: edges, "share": np.append(counts, counts[-1]) / len(values), "part": part}))
    return pd.concat(tables, ignore_index=True)


def headline(gaps: Mapping[str, Gap]) -> str:
    counting = {name: one for name, one in gaps.items() if one.counts}
    if not counting:
        return "Test images are of the sizes, the brightness and the contrast of train images"
    worst = sorted(counting.items(), key=lambda pair: -pair[1].statistic)
    told = listed(f"{name} (D = {one.statistic:.2f})" for name, one in worst)
    return f"Test images differ from train images in {told}"


def drawn(table: pd.DataFrame, name: str) -> Spec:
    """Two outlines, a step per bin."""
    share = shares("share", stack=None, title="share of images") | {"scale": {"zero": True}}
    return chart(
        table,
        mark("area", interpolate="step-after", opacity=0.25, line={"strokeWidth": 2}, tooltip=HOVER),
        height=180,
        x=numbers(name, axis={"format": "~s"}),
        y=share,
        color=names("part", legend={"orient": "top"}),
    )
