"""What an image of a rare class counts, and how often it is drawn."""

from dataclasses import replace

import numpy as np
import pytest
from accelerate import Accelerator
from scipy.sparse import csr_array
from sklearn.utils.class_weight import compute_class_weight

from foldline.folds.training_table import soft_targets
from foldline.training.imbalance import ClassWeights, NoImbalance, SquareRootSampling
from foldline.training.training_setup import training_batches
from tests.training.small import small_fold, train_section

UNEVEN = np.array([0] * 6 + [1] * 3 + [2])


def test_class_weights_are_sklearns_balanced_ones() -> None:
    expected = compute_class_weight("balanced", classes=np.arange(3), y=UNEVEN)[UNEVEN]
    assert ClassWeights(kind="class_weights").weights(soft_targets(UNEVEN, 3)) == pytest.approx(expected)


def test_a_class_without_images_changes_nothing_and_a_mixture_counts_as_its_parts_do() -> None:
    assert ClassWeights(kind="class_weights").weights(soft_targets(np.array([0, 2, 2]), 3)).tolist() == [
        1.5,
        0.75,
        0.75,
    ]
    mixture = csr_array(np.array([[1, 0], [1, 0], [0.5, 0.5]], np.float32))
    of_class = 3 / (2 * np.array([2.5, 0.5]))
    expected = [of_class[0], of_class[0], of_class.mean()]
    assert ClassWeights(kind="class_weights").weights(mixture) == pytest.approx(expected)


def test_square_root_sampling() -> None:
    """Nine images of one class and one of another: three to one."""
    draws = SquareRootSampling(kind="square_root_sampling").draws(soft_targets(np.array([0] * 9 + [1]), 2))
    assert draws[:9].sum() == pytest.approx(0.75)
    assert draws[9] == pytest.approx(0.25)


def test_none() -> None:
    none = NoImbalance(kind="none")
    assert none.draws(soft_targets(UNEVEN, 3)) is None
    assert none.weights(soft_targets(UNEVEN, 3)) == 1.0


def test_a_batch_is_told_what_its_lines_and_its_classes_count() -> None:
    fold = small_fold()
    doubled = replace(fold, training=replace(fold.training, weights=2 * fold.training.weights))
    config = train_section(imbalance={"kind": "class_weights"})
    found = {
        int(image): float(weight)
        for batch in training_batches(doubled, config, Accelerator(cpu=True)).of(0)
        for image, weight in zip(batch.index, batch.weights, strict=True)
    }
    expected = 2 * ClassWeights(kind="class_weights").weights(fold.training.targets)
    assert found == {image: pytest.approx(weight) for image, weight in enumerate(expected.tolist())}
