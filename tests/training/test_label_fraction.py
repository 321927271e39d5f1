"""A fraction of the training rows: as large of each class, nested, whole rows, and nothing else of the fold changes."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from foldline.files.refusal import Refusal
from foldline.training.fold_samples import Samples, labelled
from foldline.training.training_setup import with_labels
from tests.training.small import labels, samples, small_fold

FRACTIONS = (0.01, 0.04, 0.1, 0.35, 1.0)
CLASSES = np.repeat([0, 1, 2], [300, 100, 7])
ALL = samples(np.arange(407), CLASSES, 3, [f"row{place}" for place in range(407)])


def test_of_each_class_as_much_and_at_least_one_row() -> None:
    counts = [[Counter(labels(labelled(ALL, fraction, (0, 1))))[one] for one in range(3)] for fraction in FRACTIONS]
    assert counts == [[3, 1, 1], [12, 4, 1], [30, 10, 1], [105, 35, 2], [300, 100, 7]]


def test_a_smaller_fractions_rows_are_among_a_larger_ones() -> None:
    """Of any seed and fold, which choose others."""
    for seed in ((0, 0), (0, 1), (1, 0)):
        chosen = [set(labelled(ALL, fraction, seed).row_ids) for fraction in FRACTIONS]
        assert all(few < many for few, many in pairwise(chosen))
    draws = [labelled(ALL, 0.1, seed).row_ids for seed in ((0, 0), (0, 1), (1, 0), (0, 0))]
    assert len(set(draws)) == 3 and draws[0] == draws[3]


def test_a_row_comes_with_all_of_its_images_and_targets() -> None:
    """Two images each, and a second, other target: the first says the class."""
    order = np.random.default_rng(0).permutation(np.tile(np.arange(40), 2))
    targets = np.where(np.arange(80) % 3 == 0, 1, 0)
    doubled = samples(np.arange(80), targets, 2, [f"row{row}" for row in order])
    chosen = labelled(doubled, 0.25, (3,))
    assert set(Counter(chosen.row_ids).values()) == {2}
    first = {row: targets[place] for place, row in reversed(list(enumerate(doubled.row_ids)))}
    of_rows = Counter(first.values())
    assert Counter(first[row] for row in set(chosen.row_ids)) == {one: round(n / 4) for one, n in of_rows.items()}
    assert np.array_equal(chosen.targets.toarray(), doubled.targets.toarray()[chosen.cache_indices])


def test_a_fold_keeps_its_validation_and_all_of_it_is_the_fold_itself() -> None:
    fold = small_fold()
    few = with_labels(fold, 0.2)
    assert few.validation is fold.validation
    assert len(few.training) < len(fold.training) / 3
    assert with_labels(fold, 1.0).training is fold.training


def test_refuses_to_learn_from_one_row() -> None:
    numbers: Samples = samples(np.arange(9), np.zeros(9, np.int64), 1, [f"row{place}" for place in range(9)])
    with pytest.raises(Refusal, match=r"train.label_fraction is 0.01, which leaves 1 of a fold's 9 training rows. Ra"):
        labelled(numbers, 0.01, (0,))
