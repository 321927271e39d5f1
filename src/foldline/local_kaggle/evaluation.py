"""Evaluates a submission as a competition's host does: rows and columns first, then public and private scores."""

import hashlib
import math
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from foldline.files.refusal import Refusal, listed
from foldline.files.truths import require_unique
from foldline.local_kaggle.submission_fields import InvalidSubmission, numbers, read
from foldline.metrics.metric import Metric
from foldline.params.section import Section

USAGE, WEIGHT = "Usage", "Weight"
PUBLIC, PRIVATE = "Public", "Private"
Bounds = tuple[float, float]


@dataclass(frozen=True)
class Solution:
    answers: pd.DataFrame
    """Indexed by id; one or more columns of text. `Weight` says what a row counts."""
    usage: pd.Series
    """By id: `Public`, `Private`, anything else is not scored."""
    columns: tuple[str, ...]
    """Of the sample submission; the first is the id."""
    extra_columns: Literal["ignored", "refused"]
    """What happens to a submission's other columns."""
    bounds: Bounds | None = None
    """Of the numbers."""


class Evaluation(Section):
    """Scores as Kaggle writes them, as text; or an error, when the submission cannot be scored."""

    public_score: str
    private_score: str
    error: str


def read_solution(
    path: Path, columns: tuple[str, ...], extra_columns: Literal["ignored", "refused"], bounds: Bounds | None = None
) -> Solution:
    """`solution.csv`: an id, the answers, and optionally the columns `Usage` and `Weight`; `columns` are the sample
    submission's."""
    key = columns[0]
    table = _text(path.read_text(encoding="utf-8-sig"))
    if key not in table.columns or len(set(table.columns) - {key, USAGE, WEIGHT}) == 0:
        raise Refusal(
            f"{path}: it must have the sample submission's id column `{key}` and the answers, "
            f"found {listed(table.columns, 20)}."
        )
    require_unique(table, path, (key,))
    table = table.set_index(key)
    usage = table[USAGE] if USAGE in table else table.index.to_series().map(_usage)
    return Solution(table.drop(columns=USAGE, errors="ignore"), usage, columns, extra_columns, bounds)


def evaluate(submission: str, solution: Solution, metric: Metric) -> Evaluation:
    """The evaluation of a csv's text."""
    try:
        predictions = _aligned(submission, solution)
        public, private = (
            f"{score(solution.answers[rows], predictions[rows], metric):.5f}" if rows.any() else ""
            for rows in (solution.usage == PUBLIC, solution.usage == PRIVATE)
        )
    except InvalidSubmission as reason:
        return Evaluation(public_score="", private_score="", error=str(reason))
    return Evaluation(public_score=public, private_score=private, error="")


def score(answers: pd.DataFrame, predictions: pd.DataFrame, metric: Metric) -> float:
    """Rows aligned, as text. Raises InvalidSubmission for what a host cannot score."""
    weights = numbers(answers[[WEIGHT]])[:, 0] if WEIGHT in answers else np.ones(len(answers))
    targets, scored, classes = read(metric, answers.drop(columns=WEIGHT, errors="ignore"), predictions)
    try:
        value = metric.of(classes).score(targets, scored, weights)
    except Refusal as refusal:
        raise InvalidSubmission(f"Evaluation error: {refusal}") from None
    if math.isnan(value):
        raise InvalidSubmission(
            f"Evaluation error: {metric.name} is not defined: only one class is present, or all numbers are the same"
        )
    return value


def _aligned(submission: str, solution: Solution) -> pd.DataFrame:
    try:
        table = _text(submission)
    except ValueError as error:
        raise InvalidSubmission(f"Could not parse the submission as csv: {error}") from None
    absent = [column for column in solution.columns if column not in table.columns]
    unexpected = [column for column in table.columns if column not in solution.columns]
    if absent or (unexpected and solution.extra_columns == "refused"):
        raise InvalidSubmission(f"Columns do not match: missing {listed(absent)}; unexpected {listed(unexpected)}")
    key = solution.columns[0]
    repeated = table[key][table[key].duplicated()]
    if len(repeated):
        raise InvalidSubmission(f"The id '{repeated.iloc[0]}' appears more than once")
    asked, given = set(solution.answers.index), set(table[key])
    if asked != given:
        raise InvalidSubmission(
            f"The submission must have {len(solution.answers)} rows, it has {len(table)}: ids missing: "
            f"{listed(sorted(asked - given), 3)}; ids unknown: {listed(sorted(given - asked), 3)}"
        )
    predictions = table.set_index(key).loc[solution.answers.index, list(solution.columns[1:])]
    if solution.bounds is not None:
        numbers(predictions, *solution.bounds)
    return predictions


def _text(csv: str) -> pd.DataFrame:
    return pd.read_csv(StringIO(csv), dtype=str, keep_default_na=False)


def _usage(row_id: str) -> str:
    """Half of the rows public, the same ones on every machine."""
    return PUBLIC if hashlib.sha256(row_id.encode()).digest()[0] < 128 else PRIVATE
