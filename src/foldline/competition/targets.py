"""From a row's target to what a model learns and a metric scores: the table of docs/design.md, `targets`."""

from collections.abc import Collection

import numpy as np
import pandas as pd
from jaxtyping import Float32, Int64, UInt8

from foldline.card.target import Multilabel, MultiOutput, OpenSet, Ranked, Regression, Shares, Target
from foldline.files.class_names import column_sizes
from foldline.files.refusal import Refusal, listed
from foldline.files.target_texts import labels_of, numbers_of
from foldline.metrics.decisions.rankings import new_class_position

NO_TARGET = -1

Positions = Int64[np.ndarray, " rows"]
OfColumns = Int64[np.ndarray, "rows columns"]
Indicators = UInt8[np.ndarray, "rows classes"]
Values = Float32[np.ndarray, "rows columns"]
Targets = Positions | OfColumns | Indicators | Values


def encode(rows: pd.DataFrame, classes: tuple[str, ...], target: Target) -> Targets:
    """Positions in `classes` (NO_TARGET for a test row), or for each column of several labels one (NO_TARGET for a
    missing label, and for a test row); for a set of labels 0 and 1 by class (all 0 for a test row); for a regression
    the numbers by column (NaN for a missing one, and for a test row), as for shares.

    rows: `target` as competition/target_texts.py writes it. Raises Refusal for a class that is not among `classes`.
    """
    if isinstance(target, Regression | Shares):
        return _values(rows["target"], classes)
    if isinstance(target, Multilabel):
        return _indicators(rows["target"], classes)
    if isinstance(target, MultiOutput):
        return _of_columns(rows["target"], classes)
    codes = _positions(rows["target"], classes)
    _refuse_unknown(rows.loc[(codes == NO_TARGET) & rows["target"].notna().to_numpy(), "target"], classes)
    return codes


def graded_targets(targets: Targets, folds: Positions, classes: tuple[str, ...], target: Target) -> Targets:
    """Each out-of-fold row's target as a grader would see it who had the row's model and no more.

    A class without a row outside of the fold is new to the fold's model, as test classes without a train row are. All
    other kinds of target stay as they are.
    """
    if not isinstance(target, Ranked | OpenSet) or target.new_class is None:
        return targets
    pairs = np.unique(np.stack([targets, folds]), axis=1)
    of_one_fold = np.bincount(pairs[0], minlength=len(classes)) == 1
    return np.where(of_one_fold[targets], new_class_position(target.new_class, classes), targets)


def _positions(labels: pd.Series, classes: tuple[str, ...]) -> Positions:
    return pd.Index(classes, dtype="str").get_indexer(pd.Index(labels, dtype="str")).astype(np.int64)


def _values(texts: pd.Series, columns: tuple[str, ...]) -> Values:
    rows = [numbers_of(text) if isinstance(text, str) else {} for text in texts]
    _refuse_unknown({name for row in rows for name in row} - set(columns), columns)
    values = [[row.get(name, np.nan) for name in columns] for row in rows]
    return np.array(values, np.float32).reshape(len(rows), len(columns))


def _indicators(texts: pd.Series, classes: tuple[str, ...]) -> Indicators:
    indicators = np.zeros((len(texts), len(classes)), np.uint8)
    indicators[_pairs(texts, classes)] = 1
    return indicators


def _of_columns(texts: pd.Series, classes: tuple[str, ...]) -> OfColumns:
    rows, codes = _pairs(texts, classes)
    stops = np.cumsum(list(column_sizes(classes).values()))
    positions = np.full((len(texts), len(stops)), NO_TARGET)
    positions[rows, np.searchsorted(stops, codes, side="right")] = codes
    return positions


def _pairs(texts: pd.Series, classes: tuple[str, ...]) -> tuple[Positions, Positions]:
    """Of each label of each row's set, the row and the class."""
    sets = [labels_of(text) if isinstance(text, str) else [] for text in texts]
    labels = pd.Series([label for row in sets for label in row], dtype="str")
    codes = _positions(labels, classes)
    _refuse_unknown(labels[codes == NO_TARGET], classes)
    return np.repeat(np.arange(len(sets)), [len(row) for row in sets]), codes


def _refuse_unknown(labels: Collection[str], classes: tuple[str, ...]) -> None:
    if len(labels):
        raise Refusal(
            f"rows.parquet has the labels {listed(sorted(set(labels)))}, not among the {len(classes)} classes of "
            f"classes.json ({listed(classes)}): they are of different runs. Run `dvc repro -f -s prepare`."
        )
