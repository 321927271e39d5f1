"""What the sample submission's columns say of the classes of a competition, or of its numbers."""

from dataclasses import dataclass
from typing import Literal

from foldline.archive.archives import Archives
from foldline.card.forms.form import Form
from foldline.card.sources import LINE, ROW
from foldline.card.target import Target
from foldline.card.targets.labels import sorted_labels
from foldline.competition.sample import sample_columns
from foldline.files.refusal import Refusal, listed


@dataclass(frozen=True)
class ColumnsOfSample:
    """`SampleColumns` of card/targets/kind.py."""

    archives: Archives
    form: Form
    target: Target

    def names(self, per: Literal["class", "answer", "label"], known: set[str], all_known: bool) -> tuple[str, ...]:
        return self._matching(known, all_known) if self.form.column_per == per else ()

    def refuse_other_outputs(self, classes: tuple[str, ...]) -> None:
        if self.form.column_per == "output":
            self._matching(set(self.form.titles(classes, self.target, ())), all_known=True)

    def _matching(self, known: set[str], all_known: bool) -> tuple[str, ...]:
        form, columns = self.form, sample_columns(self.archives, self.form)
        names = form.predicted(columns)
        # Where lines stand for the rows, a column that is no class may be one of ids.
        all_known = all_known or (form.id in (LINE, ROW) and form.id not in columns)
        unknown = sorted_labels(known - set(names))
        if unknown or (all_known and known != set(names)):
            lines = " Where it has a line per row and class, submission.kind is `lines`." if len(names) == 1 else ""
            surplus = sorted_labels(set(names) - known)
            no_column = f"has no column for {len(unknown)} of the train labels: {listed(unknown)}."
            no_row = f"has columns without a train row: {listed(surplus)}."
            found = " It ".join(half for half, some in ((no_column, unknown), (no_row, surplus)) if some)
            raise Refusal(
                f"{form.sample.name} {found}{lines} Correct the card's target or "
                "submission; where they are the same by other names, rename the "
                "columns, or replace the labels, in a function of your own (docs/own-code.md)."
            )
        return names
