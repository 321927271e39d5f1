"""t-SNE of features: who is near whom stays so, the same rows are drawn of every model, and odd features do no harm."""

import numpy as np
import pandas as pd
import pytest
from sklearn.neighbors import NearestNeighbors

from foldline.files.refusal import Refusal
from foldline.report import feature_map as room
from foldline.report.feature_map import draw_map, feature_map

IDS = [f"row {number}" for number in range(60)]
CLASSES = [("cat", "dog", "ship")[number % 3] for number in range(60)]


def vectors(channels: int = 8, seed: int = 0) -> np.ndarray:
    """A centre per class, and a little noise."""
    generator = np.random.default_rng(seed)
    centres = generator.normal(size=(3, channels))
    return (centres[np.arange(60) % 3] + 0.05 * generator.normal(size=(60, channels))).astype(np.float16)


def test_rows_of_a_class_lie_together() -> None:
    table = feature_map(vectors(), IDS, CLASSES)
    assert table[["row_id", "class"]].to_numpy().tolist() == [list(pair) for pair in zip(IDS, CLASSES, strict=True)]
    points = table[["x", "y"]].to_numpy()
    nearest = NearestNeighbors(n_neighbors=2).fit(points).kneighbors(points, return_distance=False)[:, 1]
    assert [CLASSES[row] for row in nearest] == CLASSES
    pd.testing.assert_frame_equal(table, feature_map(vectors(), IDS, CLASSES))


def test_of_many_rows_the_same_are_drawn_of_every_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST_ROWS", 20)
    one, other = (feature_map(vectors(channels, seed=channels), IDS, CLASSES) for channels in (4, 9))
    assert len(one) == 20
    assert one["row_id"].tolist() == other["row_id"].tolist()
    assert one["row_id"].tolist() != IDS[:20]


@pytest.mark.parametrize("found", [np.zeros((6, 3), np.float16), vectors(1)[:6]], ids=["all alike", "one channel"])
def test_features_that_hardly_differ_are_drawn(found: np.ndarray) -> None:
    table = feature_map(found, IDS[:6], [""] * 6)
    assert np.isfinite(table[["x", "y"]].to_numpy()).all()
    assert draw_map(table, "no class").startswith(b"\x89PNG")


def test_three_rows_are_too_few() -> None:
    with pytest.raises(Refusal, match="t-SNE of 3 rows: it takes 4 or more"):
        feature_map(vectors()[:3], IDS[:3], CLASSES[:3])
