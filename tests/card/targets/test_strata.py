import numpy as np

from foldline.card.targets.number_targets import Columns, LabelDistribution, Regression
from foldline.card.targets.several_labels import MultiOutput
from foldline.card.targets.single_labels import Multiclass
from foldline.folds.splitting import assign_folds

REGRESSION = Regression(kind="regression", values=Columns(kind="columns", columns=("x",)), group=None)


def test_classes_and_labels_are_their_own_strata() -> None:
    one = Multiclass(kind="multiclass", column="x", group=None).strata(np.array([1, 0]), ("a", "b"))
    assert (one.of_rows.tolist(), one.names) == ([1, 0], ("a", "b"))


def test_the_stratum_of_votes_is_the_class_with_the_most() -> None:
    votes = np.array([[0.5, 0.3, 0.2], [0, 0.4, 0.6]], np.float32)
    strata = LabelDistribution(kind="label_distribution", columns=("a", "b", "c"), group=None).strata(
        votes, ("a", "b", "c")
    )
    assert (strata.of_rows.tolist(), strata.names) == ([0, 2], ("a", "b", "c"))


def test_the_strata_of_several_columns_are_all_their_labels() -> None:
    both = MultiOutput(kind="multioutput", columns=("x", "y"), group=None)
    strata = both.strata(np.array([[0, 2], [-1, 3], [1, -1]]), ("x=a", "x=b", "y=0", "y=1"))
    assert strata.of_rows.tolist() == [[1, 0, 1, 0], [0, 0, 0, 1], [0, 1, 0, 0]]


def test_values_are_binned_by_rank_and_equal_ones_share_a_bin() -> None:
    values = np.concatenate([np.full(40, 7), np.arange(60) + 100]).astype(np.float32)

    strata = REGRESSION.strata(values[:, None], ("x",))

    assert np.bincount(strata.of_rows).tolist() == [40, 10, 10, 10, 10, 10, 10]
    assert strata.names[:2] == ("7 .. 7", "100 .. 109")


def test_every_fold_gets_low_and_high_values() -> None:
    values = np.random.default_rng(0).lognormal(size=500).astype(np.float32)

    folds = assign_folds(np.arange(500), REGRESSION.strata(values[:, None], ("x",)).of_rows, 5, seed=0)

    deciles = np.argsort(np.argsort(values)) // 50
    assert all(np.bincount(deciles[folds == fold]).tolist() == [10] * 10 for fold in range(5))


def test_several_numbers_are_binned_by_the_mean_of_their_ranks_whatever_their_scale() -> None:
    rising = np.arange(100, dtype=np.float32)
    both = np.column_stack([rising, 1000 * rising])
    assert np.array_equal(
        REGRESSION.strata(both, ("x", "y")).of_rows, REGRESSION.strata(rising[:, None], ("x",)).of_rows
    )
    missing = np.where(np.arange(200).reshape(100, 2) % 4 == 3, np.nan, both)
    assert np.bincount(REGRESSION.strata(missing.astype(np.float32), ("x", "y")).of_rows).min() >= 9


def test_people_look_at_several_numbers_by_bins_of_each_and_at_all_else_by_strata() -> None:
    both = np.array([[1, 30], [2, 10], [3, np.nan], [4, 20], [5, 10], [6, 40]], np.float32)
    sheets = REGRESSION.sheets(both, ("x", "y"))
    names = ("x 1 .. 2", "x 3 .. 4", "x 5 .. 6", "y 10 .. 10", "y 20 .. 30", "y 40 .. 40")
    assert sheets.names == names
    held = [[names[sheet] for sheet in np.flatnonzero(row)] for row in sheets.of_rows]
    assert held[:3] == [["x 1 .. 2", "y 20 .. 30"], ["x 1 .. 2", "y 10 .. 10"], ["x 3 .. 4"]]
    assert held[5] == ["x 5 .. 6", "y 40 .. 40"]
    rising = np.arange(100, dtype=np.float32)[:, None]
    for one, targets in ((REGRESSION, rising), (Multiclass(kind="multiclass", column="x", group=None), np.arange(3))):
        sheets, strata = one.sheets(targets, ("x",)), one.strata(targets, ("x",))
        assert (sheets.of_rows.tolist(), sheets.names) == (strata.of_rows.tolist(), strata.names)
