"""A study from its plan to its results; one that was stopped goes on with what is missing."""

import subprocess
from collections.abc import Callable, Mapping
from typing import Any

from tqdm import tqdm

from benchmarks.techniques.plan import Plan, Technique
from benchmarks.techniques.results import Results
from benchmarks.techniques.training import ROOT, Measured

Measure = Callable[[Mapping[str, Any], int], Measured]
"""From a whole params.yaml and a fold."""


def run_study(plan: Plan, chosen: tuple[Technique, ...], results: Results, measure: Measure) -> None:
    """Measure each chosen technique on each of the plan's folds, unless that is done."""
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    for technique in tqdm(chosen, unit="technique"):
        params = plan.params(technique)
        for fold in plan.folds:
            if not results.has(technique.name, fold, params["train"]):
                results.add(technique.name, fold, params["train"], commit, measure(params, fold))
