import numpy as np
import pytest
from sklearn.model_selection import StratifiedGroupKFold

from foldline.files.refusal import Refusal
from foldline.folds.splitting import assign_folds

FROZEN = "220222121020102000111101"


def count(strata: np.ndarray, folds: np.ndarray, number: int) -> np.ndarray:
    """Rows of each class and fold."""
    table = np.zeros((strata.max() + 1, number), dtype=np.int64)
    np.add.at(table, (strata, folds), 1)
    return table


@pytest.mark.parametrize("number", [2, 3, 7])
def test_single_rows_are_spread_to_within_one(number: int) -> None:
    strata = np.random.default_rng(number).choice(20, size=501, p=np.arange(1, 21) / 210)

    table = count(strata, assign_folds(np.arange(501), strata, number, seed=1), number)

    assert (table.max(axis=1) - table.min(axis=1)).max() <= 1
    assert table.sum(axis=0).max() - table.sum(axis=0).min() <= 1


def test_clusters_never_straddle_folds_and_every_fold_has_rows() -> None:
    random = np.random.default_rng(0)
    for draw in range(50):
        clusters = random.integers(0, 12, size=40)
        folds = assign_folds(clusters, random.integers(0, 5, size=40), 3, seed=draw)
        assert all(len(set(folds[clusters == cluster])) == 1 for cluster in set(clusters))
        assert set(folds) == {0, 1, 2}


def test_single_rows_even_out_what_a_cluster_unbalances() -> None:
    clusters = np.array([0, 0, 0, 1, 2, 3, 4, 5, 6])

    folds = assign_folds(clusters, np.zeros(9, dtype=np.int64), 3, seed=0)

    assert np.bincount(folds).tolist() == [3, 3, 3]
    assert len(set(folds[:3])) == 1


def test_a_class_with_a_single_row_and_as_many_clusters_as_folds_are_allowed() -> None:
    assert sorted(assign_folds(np.array([4, 9, 2]), np.array([0, 1, 2]), 3, seed=0)) == [0, 1, 2]


def test_fewer_clusters_than_folds_are_refused_with_the_number() -> None:
    with pytest.raises(Refusal, match=r"split\.count is 3, but there are 2 clusters .* among 5 rows"):
        assign_folds(np.array([0, 0, 1, 1, 1]), np.zeros(5, dtype=np.int64), 3, seed=0)


def test_a_single_cluster_is_told_of_the_group_alone() -> None:
    with pytest.raises(
        Refusal, match=r"there are 1 clusters .* 4 rows. Name a column with more values as target.group"
    ):
        assign_folds(np.zeros(4, dtype=np.int64), np.zeros(4, dtype=np.int64), 2, seed=0)


def test_folds_are_the_same_on_every_machine() -> None:
    random = np.random.Generator(np.random.PCG64(5))
    clusters, strata = random.integers(0, 15, size=24), random.integers(0, 3, size=24)

    assert "".join(map(str, assign_folds(clusters, strata, 3, seed=0))) == FROZEN
    assert "".join(map(str, assign_folds(clusters, strata, 3, seed=1))) != FROZEN


def test_classes_are_balanced_as_well_as_scikit_learns_over_many_draws() -> None:
    ours, theirs = [], []
    for draw in range(20):
        random = np.random.default_rng(draw)
        clusters = random.integers(0, 120, size=600)
        strata = random.choice(6, size=600, p=[0.4, 0.3, 0.15, 0.08, 0.05, 0.02])
        folds = assign_folds(clusters, strata, 5, seed=draw)
        ours.append(np.ptp(count(strata, folds, 5), axis=1).sum())
        for fold, (_, held_out) in enumerate(
            StratifiedGroupKFold(5, shuffle=True, random_state=draw).split(strata, strata, clusters)
        ):
            folds[held_out] = fold
        theirs.append(np.ptp(count(strata, folds, 5), axis=1).sum())

    assert np.mean(ours) <= np.mean(theirs)


def test_the_numbering_of_clusters_and_classes_changes_nothing() -> None:
    clusters, strata = np.array([0, 1, 1, 2, 3, 4]), np.array([0, 0, 1, 1, 2, 2])

    assert assign_folds(clusters * 7 + 3, strata * 5, 2, 0).tolist() == assign_folds(clusters, strata, 2, 0).tolist()


def shares(indicators: np.ndarray, folds: np.ndarray, number: int) -> np.ndarray:
    """Rows of each label and fold."""
    return np.stack([indicators[folds == fold].sum(axis=0) for fold in range(number)], axis=1)


def test_labels_are_spread_as_well_as_rows() -> None:
    """Twenty labels from rare to frequent, up to several a row: no label's share is off by more than two rows."""
    random = np.random.default_rng(0)
    indicators = random.uniform(size=(2000, 20)) < np.geomspace(0.003, 0.5, 20)

    folds = assign_folds(np.arange(2000), indicators, 5, seed=0)

    table = shares(indicators, folds, 5)
    assert (table.max(axis=1) - table.min(axis=1)).max() <= 3
    assert np.ptp(np.bincount(folds)) <= 4


def test_a_label_with_as_many_rows_as_folds_is_in_each_fold() -> None:
    indicators = np.zeros((60, 3), bool)
    indicators[:, 0] = True
    indicators[:4, 1] = indicators[4:8, 2] = True

    table = shares(indicators, assign_folds(np.arange(60), indicators, 4, seed=0), 4)

    assert table[1:].tolist() == [[1] * 4] * 2


def test_clusters_of_rows_with_labels_stay_whole() -> None:
    random = np.random.default_rng(1)
    clusters, indicators = random.integers(0, 80, 300), random.uniform(size=(300, 5)) < 0.2

    folds = assign_folds(clusters, indicators, 3, seed=0)

    assert all(len(set(folds[clusters == cluster])) == 1 for cluster in set(clusters))
    assert np.ptp(shares(indicators, folds, 3), axis=1).max() <= 4
    assert np.ptp(np.bincount(folds)) <= 4
