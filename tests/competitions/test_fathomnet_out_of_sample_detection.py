"""fathomnet-out-of-sample-detection: several right labels per image, ranked; a column beside them that is copied."""

import numpy as np

from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, csv, image_files, numbered, zipped

CATEGORIES = tuple(numbered(30, "{}", 1))


def animals(ids: list[str], seed: int) -> dict[str, tuple[str, ...]]:
    generator = np.random.default_rng(seed)
    sets = (generator.choice(CATEGORIES, generator.integers(1, 5), replace=False) for _ in ids)
    return {row_id: tuple(map(str, one)) for row_id, one in zip(ids, sets, strict=True)}


def draw() -> Miniature:
    # Each label is somewhere: the sets of train rows hold all of them.
    labels, answers = animals(numbered(60, "{:08x}-a"), 0), animals(numbered(8, "{:08x}-b"), 1)
    assert set().union(*labels.values()) == set(CATEGORIES)
    entries = image_files([f"images/{row_id}.png" for row_id in (*labels, *answers)], 0)
    written = [f"[{', '.join(f'{label}.0' for label in one)}]" for one in labels.values()]
    entries["multilabel_classification/train.csv"] = csv({"id": labels.keys(), "categories": written})
    sample = {"id": answers.keys(), "categories": "1 2 3", "osd": 0.7}
    entries["sample_submission.csv"] = csv(sample)
    return Miniature({"fathomnet.zip": zipped(entries)}, labels, answers)


def test_twenty_labels_of_which_several_are_right(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "fathomnet-out-of-sample-detection.yaml", miniature)

    submission = grading.read(places.submission, list(miniature.answers), ["id", "categories", "osd"], exact=True)
    assert submission["osd"].tolist() == [0.7] * 8
    rankings = grading.words(submission["categories"], most=20)
    assert all(len(set(ranking)) == 20 for ranking in rankings)
    scores = [
        average_precision(one, ranking) for one, ranking in zip(miniature.answers.values(), rankings, strict=True)
    ]
    assert np.mean(scores) > 0.9


def average_precision(right: tuple[object, ...], ranking: list[str], k: int = 20) -> float:
    """Kaggle's (benhamner/Metrics, apk)."""
    hits = np.isin(ranking[:k], right)
    return float((hits.cumsum() / np.arange(1, len(hits) + 1))[hits].sum() / min(len(right), k))
