"""From a row's target to what a model learns and a metric scores: the table of docs/design.md, `targets`."""

from collections.abc import Collection

import numpy as np
import pandas as pd
from jaxtyping import Float32, Int64, UInt8

from foldline.cards.target import Multilabel, MultiOutput, OpenSet, Ranked, Regression, Shares, Target
from foldline.competition.decisions.rankings import new_class_position
from foldline.refusal import Refusal, listed
from foldline.tables.target_texts import labels_of, numbers_of

NO_TARGET = -1

Positions = Int64[np.ndarray, " rows"]
Indicators = UInt8[np.ndarray, "rows classes"]
Values = Float32[np.ndarray, "rows columns"]
Targets = Positions | Indicators | Values


def encode(rows: pd.DataFrame, classes: tuple[str, ...], target: Target) -> Targets:
    """Positions in `classes` (NO_TARGET for a test row); for a target of several labels 0 and 1 by class (all 0 for a
    test row); for a regression the numbers by column (NaN for a missing one, and for a test row), as for shares.

    rows: `target` as competition/target_texts.py writes it. Raises Refusal for a class that is not among `classes`.
    """
    if isinstance(target, Regression | Shares):
        return _values(rows["target"], classes)
    if isinstance(target, Multilabel | MultiOutput):
        return _indicators(rows["target"], classes)
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
    sets = [labels_of(text) if isinstance(text, str) else [] for text in texts]
    labels = pd.Series([label for row in sets for label in row], dtype="str")
    codes = _positions(labels, classes)
    _refuse_unknown(labels[codes == NO_TARGET], classes)
    indicators = np.zeros((len(sets), len(classes)), np.uint8)
    indicators[np.repeat(np.arange(len(sets)), [len(row) for row in sets]), codes] = 1
    return indicators


def _refuse_unknown(labels: Collection[str], classes: tuple[str, ...]) -> None:
    if len(labels):
        raise Refusal(
            f"rows.parquet has the labels {listed(sorted(set(labels)))}, not among the {len(classes)} classes of "
            f"classes.json ({listed(classes)}): they are of different runs. Run `dvc repro -f -s prepare`."
        )
