"""The table of `foldline runs`: a line per run in at most 100 columns."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.text import Text

from foldline.ensembling.finished_runs import FinishedRun
from foldline.ensembling.standings import Standing
from foldline.files.refusal import shortened
from foldline.params.differences import in_words, short_names
from pipelines.tables import narrow_table

WIDTH, LONGEST_CHANGE = 100, 60
BY_FOLDS = "*"


@dataclass(frozen=True)
class Line:
    run: FinishedRun
    changed: Mapping[str, Any]
    standing: Standing | None
    """None where no run says which scores are better."""
    leaderboard: float | None
    """Its public score; None where it was not uploaded, or has none yet."""

    def cells(self, short: Mapping[str, str]) -> tuple[str, ...]:
        run = self.run
        return (
            run.name,
            f"{datetime.fromtimestamp(run.made):%d %b %H:%M}",
            shortened(in_words(self.changed, short), LONGEST_CHANGE),
            _score(run),
            _gain(self.standing) if self.standing else "",
            "" if self.leaderboard is None else f"{self.leaderboard:.5f}",
            "" if run.seconds is None else f"{run.seconds / 60:.0f}",
        )


def _score(run: FinishedRun) -> str:
    if run.score is None:
        return "not defined" if run.scores else "not here"
    if run.fold_count == 1:
        return f"{run.score:.5f} on fold {next(iter(run.folds), '')}"
    error = run.standard_error
    return f"{run.score:.5f}" + ("" if math.isnan(error) else f" ± {error:.5f}")


def _gain(standing: Standing) -> str:
    if standing.gain is None or standing.verdict == "best":
        return standing.verdict
    mark = BY_FOLDS if standing.verdict == "real" and standing.evidence == "folds" else ""
    return f"{standing.gain:+.5f} {standing.verdict}{mark}"


def print_runs(slug: str, lines: Sequence[Line]) -> None:
    metric = next((line.run.scores.metric for line in reversed(lines) if line.run.scores), "")
    whole = ("when", "out-of-fold ± SE", "gain", "board", "min")
    table = narrow_table(("name", "when", "changed", *whole[1:]), whole, f"{slug}: {metric}")
    short = short_names({path: None for line in lines for path in (*line.run.params, *line.changed)})
    for line in lines:
        table.add_row(*map(Text, line.cells(short)))  # an experiment may be called [red]
    console = Console()
    console = console if console.width <= WIDTH and console.is_terminal else Console(width=WIDTH)
    console.print(table)
    best = next((line.run.name for line in lines if line.standing and line.standing.verdict == "best"), None)
    for note in _notes(lines, best):
        console.print(note, soft_wrap=True, highlight=False, markup=False)


def _notes(lines: Sequence[Line], best: str | None) -> list[str]:
    notes = []
    if any(line.standing and (line.standing.verdict, line.standing.evidence) == ("real", "folds") for line in lines):
        notes.append(f"{BY_FOLDS} by the scores of the folds alone; the rows, too: foldline compare {best} NAME")
    if any(line.run.fold_count == 1 for line in lines):
        notes.append("on fold ..: one fold is no verdict, and steps that are fitted on other folds are left out of it")
    if any(line.run.scores is None for line in lines):
        notes.append("not here: DVC's cache lacks its scores (dvc fetch, where a remote has them), or they are too old")
    return notes
