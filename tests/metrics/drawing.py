"""Rows of every kind that a metric may score: few, so that ties, absent classes and empty sets are among them."""

from collections.abc import Callable, Mapping

import numpy as np

from foldline.metrics.truths_and_answers import Answer, Truth

CLASSES = ("a", "b", "c", "d")
OF_COLUMNS = ("a=a", "a=b", "b=a", "b=b", "b=c")
Draw = Callable[[np.random.Generator, int], np.ndarray]


def classes_of(truth: Truth) -> tuple[str, ...]:
    return {"labels": OF_COLUMNS, "positive": CLASSES[:2]}.get(truth, CLASSES)


def distributions(generator: np.random.Generator, rows: int, classes: int = 4) -> np.ndarray:
    shares = generator.integers(1, 4, (rows, classes)).astype(np.float64)
    return (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)


def two(generator: np.random.Generator, rows: int) -> np.ndarray:
    positive = tenths(generator, rows)[:, 0]
    return np.column_stack([1 - positive, positive])


def tenths(generator: np.random.Generator, rows: int) -> np.ndarray:
    return (generator.integers(0, 11, (rows, 4)) / 10).astype(np.float32)


def bits(generator: np.random.Generator, rows: int) -> np.ndarray:
    return generator.integers(0, 2, (rows, 4)).astype(np.uint8)


def positions(generator: np.random.Generator, rows: int) -> np.ndarray:
    return generator.integers(0, 4, rows)


def labels_of_columns(generator: np.random.Generator, rows: int) -> np.ndarray:
    return np.column_stack([generator.integers(0, 2, rows), generator.integers(2, 5, rows)])


def some_labels_of_columns(generator: np.random.Generator, rows: int) -> np.ndarray:
    return np.where(generator.random((rows, 2)) < 0.2, -1, labels_of_columns(generator, rows))


def known_numbers(generator: np.random.Generator, rows: int) -> np.ndarray:
    return np.where(generator.random((rows, 4)) < 0.2, np.nan, numbers(generator, rows)).astype(np.float32)


def numbers(generator: np.random.Generator, rows: int) -> np.ndarray:
    return generator.integers(1, 6, (rows, 4)).astype(np.float32)


TARGETS: Mapping[Truth, Draw] = {
    "positive": lambda generator, rows: generator.integers(0, 2, rows),
    "class": positions,
    "label": positions,
    "level": positions,
    "each_class": bits,
    "set": bits,
    "labels": some_labels_of_columns,
    "ranking": positions,
    "label_distribution": distributions,
    "known_numbers": known_numbers,
}
ANSWERS: Mapping[tuple[Truth, Answer], Draw] = {
    ("positive", "probabilities"): two,
    ("positive", "numbers"): lambda generator, rows: tenths(generator, rows)[:, 0],
    ("positive", "labels"): TARGETS["positive"],
    ("set", "probabilities"): tenths,
    ("each_class", "probabilities"): tenths,
    ("labels", "labels"): labels_of_columns,
}
"""Those that a truth decides, too."""
OTHER_ANSWERS: Mapping[Answer, Draw] = {
    "probabilities": distributions,
    "column_probabilities": lambda generator, rows: np.hstack(
        [distributions(generator, rows, 2), distributions(generator, rows, 3)]
    ),
    "labels": positions,
    "sets": lambda generator, rows: bits(generator, rows) == 1,
    "rankings": lambda generator, rows: generator.permuted(np.tile(np.arange(4), (rows, 1)), axis=1),
    "confident_labels": lambda generator, rows: np.column_stack(
        [positions(generator, rows), tenths(generator, rows)[:, 0]]
    ),
    "numbers": numbers,
}


def drawn(truth: Truth, answer: Answer, rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Targets and answers."""
    generator = np.random.default_rng(seed)
    draw = ANSWERS.get((truth, answer)) or OTHER_ANSWERS[answer]
    return TARGETS[truth](generator, rows), draw(generator, rows)


def right(truth: Truth, answer: Answer, targets: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """The answers that the targets are, in the form of others."""
    wide = targets if targets.ndim == 2 else np.eye(max(targets.max() + 1, answers.shape[-1]))[targets]
    if answer == "column_probabilities":
        return _certain(targets, answers)
    of: Mapping[Answer, Callable[[], np.ndarray]] = {
        "probabilities": lambda: wide.astype(np.float32),
        "labels": lambda: np.maximum(targets, 0),
        "sets": lambda: targets == 1,
        "rankings": lambda: np.argsort(1 - wide.astype(np.float64), axis=1, kind="stable"),
        "confident_labels": lambda: np.column_stack([targets, answers[:, 1]]),
        "numbers": lambda: np.nan_to_num(targets).astype(np.float32),
    }
    return of[answer]()


def _certain(targets: np.ndarray, answers: np.ndarray) -> np.ndarray:
    found = np.full(answers.shape, 0.5, np.float32)
    for of_column in targets.T:
        known = np.flatnonzero(of_column >= 0)
        found[known, of_column[known]] = 1
    return found
