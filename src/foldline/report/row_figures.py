"""A row as a page shows it: its picture, and in a few lines the truth, what is said of it, and what it costs."""

from collections.abc import Sequence

import numpy as np

from foldline.ensembling.form_kind import listed_numbers
from foldline.ensembling.log_losses import of_truth
from foldline.files.compact import rows_at
from foldline.report.evidence import Evidence
from foldline.report.page import Figure
from foldline.report.pictures import Pictures


def row_figure(evidence: Evidence, pictures: Pictures, row: int, overlays: Sequence[tuple[str, str]] = ()) -> Figure:
    """overlays: as in `Figure`. A row of several images is shown by its first."""
    lines = row_lines(evidence, row)
    alt = f"row {evidence.ids[row]}: {'; '.join(lines[1:3])}"
    return Figure(pictures.of(int(evidence.first_images[row])), alt, lines, overlays)


def row_lines(evidence: Evidence, row: int) -> Sequence[str]:
    """Its id, the truth, what is said of it, and what it costs."""
    labels, one = evidence.labels, np.array([row])
    if labels is not None and evidence.form.is_one_distribution:
        true, said = (_with_probability(evidence, row, int(of[row])) for of in (evidence.targets, labels))
    else:
        true = evidence.target.shown(evidence.targets[one], evidence.classes)[0]
        said = _said(evidence, row)
    error = evidence.errors.get(int(evidence.first_images[row]))
    unread = [f"cannot be read: {error}"] if error else []
    cost = f"{evidence.loss_name} {evidence.losses[row]:.3g}"
    return [evidence.ids[row], f"true: {true}", f"said: {said}", cost, *unread]


def _said(evidence: Evidence, row: int) -> str:
    """A set is what the rule makes of the probabilities, which are those of its labels."""
    after = evidence.after[row]
    if evidence.metric.needs == "sets":
        return listed_numbers(after, evidence.classes, np.flatnonzero(evidence.answers[row])) or "nothing"
    return evidence.form.shown(after[None], evidence.classes)[0]


def _with_probability(evidence: Evidence, row: int, label: int) -> str:
    """Of a class that the predictions do not know, its name alone."""
    name = evidence.names[label]
    if label >= len(evidence.classes):
        return name
    return f"{name} ({of_truth(rows_at(evidence.after, np.array([row])), np.array([label])).item():.3f})"
