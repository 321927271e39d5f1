"""Train against test: the statistic and histograms by hand, and which differences count."""

import numpy as np
import pandas as pd
import pytest

from foldline.report.evidence import Evidence
from foldline.report.page import Chart, LeftOut, Table
from foldline.report.sections import shift as room
from foldline.report.sections.shift import BINS, Gap, gap, headline, histogram, light, shift
from tests.report.drawn import drawn

IMAGES = 200


def test_the_statistic_by_hand_and_its_limit_for_many_images() -> None:
    """Below 3 lies half of the one and nothing of the other. Kolmogorov's series begins with 2 exp(-2 n D^2)."""
    found = gap(np.arange(1.0, 5).repeat(50), np.arange(3.0, 7).repeat(50))
    assert found.statistic == 0.5
    assert found.p == pytest.approx(2 * np.exp(-2 * 100 * 0.5**2), rel=0.5)
    assert gap(np.ones(5), np.ones(9)) == Gap(0.0, 1.0)


def test_a_gap_counts_when_it_is_large_and_sure() -> None:
    assert Gap(0.2, 1e-6).counts
    assert not Gap(0.05, 1e-9).counts, "too small to act on"
    assert not Gap(0.3, 0.2).counts, "of few images"
    assert headline({"a": Gap(0.2, 1e-6), "b": Gap(0.5, 1e-9), "c": Gap(0.0, 1.0)}) == (
        "Test images differ from train images in b (D = 0.50), a (D = 0.20)"
    )


def test_a_histogram_of_shares() -> None:
    """Twelve bins from 0 to 240, and the far-off image in the last of them."""
    train, test = np.repeat(np.arange(0.0, 240, 240 / BINS), 50), np.full(40, 5.0)
    table = histogram(np.append(train, 1e6), test, "brightness")
    shares = {part: rows["share"].to_numpy() for part, rows in table.groupby("part")}
    assert {len(one) for one in shares.values()} == {BINS + 1}
    assert shares["train"][:-1].sum() == pytest.approx(1)
    assert shares["test"].tolist() == [1.0] + [0.0] * BINS
    assert shares["train"][-1] == shares["train"][-2], "where the last bin ends"


def test_light_of_bytes_and_of_channels() -> None:
    half = np.zeros((2, 4, 4, 3), np.uint8)
    half[0, :2] = 200
    brightness, contrast = light(half, np.array([0, 1]))
    assert brightness.tolist() == [100.0, 0.0]
    assert contrast.tolist() == [100.0, 0.0]
    assert light(half[..., :1].astype(np.float16), np.array([0]))[0].tolist() == [100.0]


def evidence(test_height: int) -> Evidence:
    """As many test images as train images; of train the last one cannot be read."""
    rows = pd.DataFrame(
        {"part": np.repeat(["train", "test"], IMAGES), "row_id": [f"r{one}" for one in range(2 * IMAGES)]}
    )
    images = pd.DataFrame(
        {"row": range(2 * IMAGES), "cache_index": range(2 * IMAGES), "width": 8,
         "height": np.repeat([8, test_height], IMAGES), "error": None}
    )  # fmt: skip
    images.loc[IMAGES - 1, "error"] = "cut off"
    return drawn([0, 1], [[0.5, 0.5], [0.5, 0.5]], rows=rows, images=images)


def test_larger_and_brighter_test_images_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST_IMAGES", 50)
    pixels = np.random.default_rng(0).integers(0, 100, (2 * IMAGES, 4, 4, 3)).astype(np.uint8)
    pixels[IMAGES - 1], pixels[IMAGES:] = 255, pixels[IMAGES:] + 60
    found = shift(evidence(16), pixels)
    assert found.title.startswith("Test images differ from train images in pixels (height x width) (D = 1.00), ")
    table = found.body[0]
    assert isinstance(table, Table)
    assert {str(row[0]): str(row[-1]) for row in table.rows} == {
        "pixels (height x width)": "differs", "width / height": "differs", "brightness": "differs", "contrast": "alike"
    }  # fmt: skip
    assert len([part for part in found.body if isinstance(part, Chart)]) == 4


def test_what_is_the_same_everywhere_is_not_drawn() -> None:
    found = shift(evidence(8), np.full((2 * IMAGES, 4, 4, 1), 7, np.uint8))
    assert found.title == "Test images are of the sizes, the brightness and the contrast of train images"
    assert len(found.body) == 1


def test_without_a_test_image_there_is_nothing_to_compare() -> None:
    with pytest.raises(LeftOut):
        shift(drawn([0, 1], [[0.5, 0.5], [0.5, 0.5]]), np.zeros((2, 4, 4, 1), np.uint8))
