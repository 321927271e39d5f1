"""Gains of cells against the base, worked out by hand; and that the best of many is judged where it was not chosen."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from foldline.report.study_table import Fit, Trained, best_cell, cell_gain, gains_table, long_table


def trained(title: str, *losses: float, seeds: tuple[int, ...] = (0,)) -> Trained:
    """A cell with these losses in fold 0, 1, ..., for each seed in turn."""
    places = [(fold, seed) for seed in seeds for fold in range(len(losses) // len(seeds))]
    fits = [Fit(fold, seed, loss, 0.5) for (fold, seed), loss in zip(places, losses, strict=True)]
    history = pd.DataFrame(places, columns=["fold", "seed"]).assign(epoch=1, validation_loss=losses)
    return Trained({"axis": title}, fits, history)


BASE = trained("base", 1.0, 2.0, 3.0)


def test_a_gain_is_the_mean_over_pairs() -> None:
    """Gains 0.1, 0.3, 0.2: their mean 0.2, their standard deviation 0.1, t of 2 degrees of freedom 4.303."""
    found = cell_gain(trained("a", 0.9, 1.7, 2.8), BASE)
    assert (found.pairs, found.loss.mean) == (3, pytest.approx(0.2))
    assert found.loss.standard_error == pytest.approx(0.1 / math.sqrt(3))
    reach = 4.30265 * 0.1 / math.sqrt(3)
    assert found.loss.interval == pytest.approx((0.2 - reach, 0.2 + reach), abs=1e-5)
    assert found.accuracy.mean == 0
    assert found.verdict == "not yet real"
    assert cell_gain(trained("b", 0.9, 1.9, 2.9001), BASE).verdict == "better"
    assert cell_gain(trained("c", 1.1, 2.1, 3.1001), BASE).verdict == "worse"


def test_only_what_both_have_is_compared() -> None:
    found = cell_gain(trained("a", 0.9), BASE)
    assert (found.pairs, found.loss.mean) == (1, pytest.approx(0.1))
    assert found.verdict == "needs at least 2 folds or seeds"
    nothing = cell_gain(Trained({}, [], pd.DataFrame()), BASE)
    assert nothing.pairs == 0
    assert math.isnan(nothing.loss.mean)


def test_what_two_losses_measure_is_not_compared() -> None:
    """A focal loss is lower than a cross-entropy of the same predictions."""
    focal = replace(trained("focal", 0.1, 0.2, 0.3), measure="focal")
    found = cell_gain(focal, BASE)
    assert (found.pairs, found.verdict, found.accuracy.mean) == (3, "measured by another loss", 0)
    assert math.isnan(found.loss.mean)
    assert best_cell([BASE, focal]) is None
    assert best_cell([BASE, focal, trained("good", 0.5, 1.5, 2.5)]) == ("axis: good", 0.5, 0.5)


def test_the_best_is_judged_on_folds_that_it_was_not_chosen_on() -> None:
    """Each of three is lucky in one fold and as the base in the others: chosen on the other two folds it is one of the
    lucky there, and gains nothing here."""
    lucky = [trained(f"lucky {fold}", *np.where(np.arange(3) == fold, 0.0, 1.0)) for fold in range(3)]
    found = best_cell([trained("base", 1.0, 1.0, 1.0), *lucky])
    assert found is not None
    assert (found.title, found.seen, found.honest) == ("axis: lucky 0", pytest.approx(1 / 3), 0.0)


def test_who_is_better_everywhere_is_honestly_best() -> None:
    found = best_cell([trained("base", 1.0, 2.0), trained("good", 0.5, 1.5), trained("unfinished", 0.0)])
    assert found == ("axis: good", pytest.approx(0.5), pytest.approx(0.5))


def test_one_fold_says_nothing_of_others() -> None:
    found = best_cell([trained("base", 1.0), trained("good", 0.5)])
    assert found is not None
    assert math.isnan(found.honest)
    assert best_cell([BASE]) is None


def test_seeds_of_a_fold_are_left_out_together() -> None:
    """Two seeds of one fold are the same rows: a single fold."""
    found = best_cell([trained("base", 1.0, 1.0, seeds=(0, 1)), trained("good", 0.5, 0.4, seeds=(0, 1))])
    assert found is not None
    assert math.isnan(found.honest)


def test_each_cell_is_compared_with_its_own_reference() -> None:
    """Of two fractions of labels: the other start's loss is 0.5 lower in one, and 0.25 higher in the other."""
    cells = [
        trained("few", 2.0, 2.0),
        trained("few, other", 1.5, 1.5),
        trained("all", 1.0, 1.0),
        trained("all, other", 1.25, 1.25),
    ]
    table = gains_table([replace(cell, reference=at // 2 * 2, wanted=2) for at, cell in enumerate(cells)])
    assert table["loss_gain"].tolist() == pytest.approx([np.nan, 0.5, np.nan, -0.25], nan_ok=True)
    assert table["compared_with"].tolist()[1::2] == ["axis: few", "axis: all"]
    assert table["verdict"].tolist()[1::2] == ["better", "worse"]
    assert table["done"].tolist() == table["wanted"].tolist() == [2] * 4


def test_the_long_table_has_a_line_per_epoch_and_a_column_per_axis() -> None:
    table = long_table([trained("base", 1.0), trained("a", 0.5, 0.6)])
    assert list(table) == ["cell", "axis", "fold", "seed", "epoch", "validation_loss"]
    assert table["cell"].tolist() == ["base", "axis: a", "axis: a"]
    assert table["axis"].tolist() == ["", "a", "a"]
