"""What the study writes into docs/techniques.md, and its numbers into a csv."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from benchmarks.techniques.gains import Judged, Standing
from benchmarks.techniques.plan import Changes, Plan
from foldline.files.whole_files import whole_file

PAGE = Path("docs/techniques.md")
PICTURES = Path("docs/techniques")
HEAD = (
    "| Technique | What changes | Accuracy, % | Gain, points | | Log loss | Gain | |",
    "|---|---|---|---|---|---|---|---|",
)


def table(judged: Sequence[Judged], plan: Plan, commits: Sequence[str]) -> str:
    """A line per technique, in groups; scores and gains with the standard error over folds. Then what was measured by
    which code, what of the plan was not, and what the baseline is."""
    lines: list[str] = list(HEAD)
    group = ""
    for one in judged:
        if one.technique.group != group:
            group = one.technique.group
            lines.append(f"| **{group}** | | | | | | | |")
        lines.append(_line(one))
    done = {one.technique.name for one in judged}
    waiting = [technique.name for technique in plan.techniques if technique.name not in done]
    told = f"{len(judged) - 1} techniques, measured by the code of commit {', '.join(map(short, commits))}."
    if waiting:
        told += f" In the plan and not measured yet: {'; '.join(waiting)}."
    changes = described(plan.baseline_changes)
    return "\n".join([*lines, "", told, "", f"What the baseline changes in the recipe: {changes}."])


def reached(history: pd.DataFrame, told: Mapping[str, Any], epochs_of_source: int = 95) -> str:
    """How far a training went, and what it reached there."""
    epochs, last = len(history), history.iloc[-1]
    minutes = told["seconds"] / 60
    return (
        f"Trained for {epochs} epochs in {minutes:.0f} minutes (commit {short(told['commit'])}): validation accuracy "
        f"{100 * last['validation_accuracy']:.1f} %, loss {last['validation_loss']:.3f}; training accuracy "
        f"{100 * last['train_accuracy']:.1f} %, loss {last['train_loss']:.3f}. At that pace "
        f"{epochs_of_source} epochs take {minutes / epochs * epochs_of_source:.0f} minutes on these pictures."
    )


def short(commit: str) -> str:
    return f"`{commit[:7]}`"


def described(changes: Changes) -> str:
    """As one would write it in params.yaml, on one line."""
    parts = (
        f"{path}: {yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=1000).splitlines()[0]}"
        for path, value in changes.items()
    )
    return ", ".join(f"`{part}`" for part in parts)


def numbers(judged: Sequence[Judged]) -> pd.DataFrame:
    """A row per technique, measure and fold, and one per failure."""
    return pd.DataFrame(
        [
            {
                "technique": one.technique.name,
                "measure": measure,
                "fold": fold,
                "baseline": pair.first,
                "score": pair.second,
                "gain": pair.gain,
                "verdict": standing.verdict,
                "seconds": one.seconds,
                "failure": "",
            }
            for one in judged
            for measure, standing in one.standings.items()
            for fold, pair in standing.comparison.by_fold.items()
        ]
        + [
            {"technique": one.technique.name, "fold": fold, "seconds": one.seconds, "failure": failure}
            for one in judged
            for fold, failure in one.failures.items()
        ]
    )


def write_numbers(path: Path, judged: Sequence[Judged]) -> None:
    with whole_file(path) as partial:
        numbers(judged).to_csv(partial, index=False, float_format="%.6g", lineterminator="\n")


def _line(one: Judged) -> str:
    name, changes = one.technique.name, described(one.technique.changes)
    if one.failures:
        told = "; ".join(f"fold {fold}: {failure.splitlines()[0]}" for fold, failure in one.failures.items())
        return f"| {name} | {changes} | **failed** | {told} | | | | |"
    cells = [*_cells(one.standings["right"], 100, 1), *_cells(one.standings["log_loss"], 1, 3)]
    return f"| {name} | {changes} | {' | '.join(cells)} |"


def _cells(standing: Standing, scale: float, decimals: int) -> tuple[str, str, str]:
    score, score_error = (scale * value for value in standing.score)
    gain, gain_error = (scale * value for value in standing.gain)
    plain = f"{score:.{decimals}f} ± {score_error:.{decimals}f}"
    if standing.comparison.names[0] == standing.comparison.names[1]:
        return plain, "", ""
    verdict = standing.verdict
    return plain, f"{gain:+.{decimals}f} ± {gain_error:.{decimals}f}", verdict if "yet" in verdict else f"**{verdict}**"
