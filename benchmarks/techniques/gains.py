"""What each technique gains over the baseline on the same rows, and whether that is a difference."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Int64

from benchmarks.techniques.plan import BASELINE, Plan, Technique
from benchmarks.techniques.results import Results
from foldline.ensembling.comparing import Comparison
from foldline.ensembling.intervals import bootstrap_interval, standard_error
from foldline.ensembling.scoring import Pair
from foldline.folds.folds_table import read_folds

HIGHER_IS_BETTER = {"right": True, "log_loss": False}
"""By the columns of a run's rows; the mean of `right` is the accuracy."""


@dataclass(frozen=True)
class Standing:
    """How a technique did in one measure, against the baseline; gains are positive where it is better."""

    comparison: Comparison

    @property
    def score(self) -> tuple[float, float]:
        """Its mean over the folds, and the standard error of that."""
        return mean_and_error([pair.second for pair in self.comparison.by_fold.values()])

    @property
    def gain(self) -> tuple[float, float]:
        """Likewise. Folds differ more than techniques do: the error of the gain is not that of the score."""
        return mean_and_error([pair.gain for pair in self.comparison.by_fold.values()])

    @property
    def verdict(self) -> str:
        """As `pipelines.compare` judges."""
        if not self.comparison.is_real:
            return self.comparison.verdict
        return "better" if self.comparison.pooled.gain > 0 else "worse"


@dataclass(frozen=True)
class Judged:
    technique: Technique
    standings: dict[str, Standing]
    """By measure; empty where a fold's training failed."""
    failures: dict[int, str]
    """What it failed with, by fold."""
    seconds: float
    """Of a fold's training, on average."""


def judge(plan: Plan, results: Results, folds_file: Path) -> list[Judged]:
    """Every technique that was trained on all of the plan's folds, in the plan's order."""
    clusters = read_folds(folds_file).set_index("row_id")["cluster"]
    baseline = rows_of_all_folds(results, BASELINE, plan.folds).assign(
        cluster=lambda rows: rows["row_id"].map(clusters)
    )
    judged = []
    for technique in plan.techniques:
        train = plan.params(technique)["train"]
        if not all(results.has(technique.name, fold, train) for fold in plan.folds):
            continue
        runs = {fold: results.told(technique.name, fold) for fold in plan.folds}
        failures = {fold: run["failure"] for fold, run in runs.items() if run["failure"]}
        standings = {}
        if not failures:
            rows = rows_of_all_folds(results, technique.name, plan.folds)
            standings = {measure: stand(measure, technique.name, baseline, rows) for measure in HIGHER_IS_BETTER}
        seconds = float(np.mean([run["seconds"] for run in runs.values()]))
        judged.append(Judged(technique, standings, failures, seconds))
    return judged


def rows_of_all_folds(results: Results, technique: str, folds: tuple[int, ...]) -> pd.DataFrame:
    """fold, row_id, log_loss, right: the validation rows of every fold, one fold after the other."""
    return pd.concat([results.rows(technique, fold).assign(fold=fold) for fold in folds], ignore_index=True)


def stand(measure: str, name: str, baseline: pd.DataFrame, rows: pd.DataFrame) -> Standing:
    """Both sides have the columns fold, row_id and `measure`, the baseline its `cluster`s too: rows of one cluster are
    not independent."""
    sign = 1 if HIGHER_IS_BETTER[measure] else -1
    both = baseline[["fold", "row_id", "cluster"]].assign(first=baseline[measure])
    both = both.merge(rows[["row_id", measure]].rename(columns={measure: "second"}), on="row_id", validate="1:1")
    assert len(both) == len(baseline), "every technique is judged on the same rows"
    differences = sign * (both["second"] - both["first"]).to_numpy(np.float64)

    def pair(part: pd.DataFrame) -> Pair:
        first, second = float(part["first"].mean()), float(part["second"].mean())
        return Pair(first, second, sign * (second - first))

    def gain(drawn: Int64[np.ndarray, " drawn"]) -> float:
        return float(differences[drawn].mean())

    by_fold = {fold: pair(both[both["fold"] == fold]) for fold in both["fold"].unique().tolist()}
    return Standing(
        Comparison(
            names=(BASELINE, name),
            metric=measure,
            rows=len(both),
            rows_of=(len(both), len(both)),
            pooled=pair(both),
            by_fold=by_fold,
            over_rows=bootstrap_interval(gain, both["cluster"].to_numpy(np.int64)),
        )
    )


def mean_and_error(values: list[float]) -> tuple[float, float]:
    return float(np.mean(values)), standard_error(values)
