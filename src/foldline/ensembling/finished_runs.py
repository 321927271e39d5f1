"""All finished runs of a competition: the saved ones, DVC's experiments and commits."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import ConfigDict

from foldline.ensembling.intervals import standard_error
from foldline.ensembling.saved_runs import KNOWN_BY, RECORD, read_record, reading_saved, saved_name
from foldline.files.dvc_records import cached, record_of, revisions, texts_at, tracked_files
from foldline.files.places import Places
from foldline.files.reading import reading
from foldline.files.refusal import Refusal
from foldline.files.whole_files import read_json
from foldline.params.differences import flattened
from foldline.params.section import Section, parse
from foldline.params.yaml_files import PlainLoader

ScoredBy = tuple[str, Mapping[str, Any]]
"""A metric's name and parameters, which are equal where scores can be compared."""


class FinalScores(Section):
    """The part of `clip/metrics.json` that runs are listed by."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    metric: str
    metric_parameters: Mapping[str, Any] = {}
    score: float | None
    fold_scores: Mapping[str, float | None]
    higher_is_better: bool | None = None
    """None in files of earlier versions."""

    @property
    def scored_by(self) -> ScoredBy:
        return self.metric, self.metric_parameters


QuickestLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The one in C, unless PyYAML was built without."""


class QuickLoader(QuickestLoader):
    """Reads what PlainLoader has read before in a tenth of its time, with no words for a person."""


QuickLoader.yaml_implicit_resolvers = PlainLoader.yaml_implicit_resolvers


@dataclass(frozen=True)
class FinishedRun:
    names: tuple[str, ...]
    """By which `compare` and `blend` know it: of experiments and commits first, then its saved name."""
    kind: Literal["experiment", "commit", "saved"]
    made: float
    """When it ended or was committed, in seconds since 1970."""
    params: Mapping[str, Any]
    """Flattened."""
    files: Mapping[str, str]
    """The MD5 sums of KNOWN_BY."""
    scores: FinalScores | None = None
    """None where the file is not here, or of a version that wrote others."""
    csv: str = ""
    """The ledger's id of its submission, where it was saved."""
    seconds: float | None = None

    @property
    def name(self) -> str:
        return self.names[0]

    @property
    def score(self) -> float | None:
        return self.scores and self.scores.score

    @property
    def folds(self) -> dict[str, float]:
        """The defined scores of its folds."""
        of_folds = self.scores.fold_scores if self.scores else {}
        return {fold: score for fold, score in of_folds.items() if score is not None}

    @property
    def fold_count(self) -> int:
        """Also of those whose score is not defined."""
        return len(self.scores.fold_scores) if self.scores else 0

    @property
    def standard_error(self) -> float:
        """Of the mean of its folds; NaN for a single one, and where one's score is not defined, as in score.json."""
        return standard_error([*self.folds.values()]) if len(self.folds) == self.fold_count else math.nan


def finished_runs(places: Places) -> list[FinishedRun]:
    """The earliest first. A run of several names is one."""
    found: dict[str, FinishedRun] = {}
    for run in (*_recorded(places.slug), *saved_runs(places)):
        key = saved_name(run.params, run.files)
        known = found.get(key)
        if known is not None:
            more = {"scores": known.scores or run.scores, "made": min(known.made, run.made)}
            run = replace(known, names=(*known.names, *run.names), csv=run.csv, seconds=run.seconds, **more)
        found[key] = run
    return sorted(found.values(), key=lambda run: run.made)


def saved_runs(places: Places) -> Iterator[FinishedRun]:
    """In the order of their names."""
    return (read_saved(path, places.slug) for path in sorted(places.runs.glob(f"*/{RECORD}")))


def read_saved(path: Path, slug: str) -> FinishedRun:
    """path: of its run.json."""
    folder = path.parent
    record = read_record(path)
    with reading_saved(folder.name):
        with reading(folder / "params.yaml", "the parameters of a saved run"):
            params = flattened(_read((folder / "params.yaml").read_text(encoding="utf-8")))
        scores = _scores_in(Places(slug, folder).clipped / "metrics.json")
    known = (folder.name,), "saved", record.made, params, record.files
    return FinishedRun(*known, scores, record.csv, record.seconds)


def _recorded(slug: str) -> Iterator[FinishedRun]:
    """Of the competition, those whose chain went to its end: dvc.lock says so, and what with."""
    for name, kind, made, lock in revisions():
        params, tracked = _params_in(record_of(lock, "check")), tracked_files(record_of(lock, "clip"))
        files = {file: tracked.get(f"work/{slug}/{file}", "") for file in KNOWN_BY}
        if params.get("competition") == slug and all(files.values()):
            scores = None
            with suppress(Refusal):  # of a version that wrote other scores
                scores = _scores_in(cached(files["clip/metrics.json"]))
            yield FinishedRun((name,), kind, made, flattened(params), files, scores)


def _params_in(record: str) -> Mapping[str, Any]:
    """The params.yaml that `check`, which reads all of it, ran on: the file of a commit may be ahead of its lock."""
    params = _read(record).get("params")
    found = params.get("params.yaml") if isinstance(params, dict) else None
    return found if isinstance(found, dict) else {}


def _read(text: str) -> dict[str, Any]:
    """Nothing of what is not yaml: of a commit nobody can correct it."""
    try:
        content = yaml.load(text, QuickLoader)
    except yaml.YAMLError:
        return {}
    return content if isinstance(content, dict) else {}


def _scores_in(path: Path | None) -> FinalScores | None:
    return parse(read_json(path), FinalScores, str(path)) if path and path.is_file() else None


def base_params(slug: str, runs: Sequence[FinishedRun]) -> Mapping[str, Any]:
    """What runs are told apart from, flattened: the commit's params.yaml, or the first run's where it is another
    competition's."""
    (text,) = texts_at(["HEAD:./params.yaml"])
    committed = _read(text)
    return flattened(committed) if committed.get("competition") == slug else runs[0].params
