"""A row as a page shows it: its picture, and in a few lines the truth, what is said of it, and what it costs."""

from collections.abc import Sequence

import numpy as np

from foldline.metrics.truths_and_answers import Labels
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
        true, said = (_with_probability(evidence, of, one) for of in (evidence.targets[one], labels[one]))
    else:
        true = evidence.target.shown(evidence.targets[one], evidence.classes)[0]
        said = evidence.form.shown(evidence.after[one], evidence.classes)[0]
    error = evidence.errors.get(int(evidence.first_images[row]))
    unread = [f"cannot be read: {error}"] if error else []
    cost = f"{evidence.loss_name} {evidence.losses[row]:.3g}"
    return [evidence.ids[row], f"true: {true}", f"said: {said}", cost, *unread]


def _with_probability(evidence: Evidence, labels: Labels, rows: Labels) -> str:
    (value,) = evidence.probabilities_of(labels, rows)
    return evidence.names[labels[0]] + ("" if np.isnan(value) else f" ({value:.3f})")
