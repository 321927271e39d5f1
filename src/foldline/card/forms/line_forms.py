"""Forms with several lines for a row: which row, and of it which class or number, a line's id means."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import pandas as pd
from jaxtyping import Int64
from pydantic import AfterValidator, BeforeValidator

from foldline.archive.archives import Archives
from foldline.archive.tables import refuse_absent_columns
from foldline.card.forms.form import Form
from foldline.card.sources import Source, read_source, shown
from foldline.card.templates import IdTemplate, columns_of, filled, parse_id, parse_template
from foldline.files.refusal import Refusal, listed
from foldline.params.section import Kinds, Section

SHOWN = 3


def _names_row_and_class(template: str) -> str:
    if sorted(columns_of(parse_template(template))) != ["class", "row"]:
        raise ValueError("it names row and class, each once: `{row}_{class}`")
    return template


ROW_AND_NAME = "{row}\t{class}"
"""What an id means, where a table says it."""


class LineTemplate(Section):
    """Written as the template alone: how a line's id is made of the row's id and the class."""

    kind: Literal["template"]
    template: Annotated[str, AfterValidator(_names_row_and_class)]

    def meanings(self, ids: pd.Series, archives: Archives, sample: str) -> pd.Series:
        return ids


class LineTable(Section):
    """A table that says of each line's id what it asks for: `{kind: table, table: IdLookupTable.csv, id: RowId, row:
    ImageId, name: FeatureName}`."""

    kind: Literal["table"]
    table: Source
    id: IdTemplate
    """The line's id, as the sample submission has it: a column, or a template over columns, as the other two."""
    row: IdTemplate
    """The id of the row."""
    name: IdTemplate
    """Of the class or the number."""
    template: ClassVar[str] = ROW_AND_NAME

    def meanings(self, ids: pd.Series, archives: Archives, sample: str) -> pd.Series:
        """Raises Refusal for an id that the table lacks, or has with two meanings."""
        table, source = read_source(archives, self.table), shown(self.table)
        facts = {"id": parse_id(self.id), "row": parse_id(self.row), "name": parse_id(self.name)}
        named = [(f"submission.line.{fact}", name) for fact, pieces in facts.items() for name in columns_of(pieces)]
        refuse_absent_columns(named, list(map(str, table)), source)
        lines = pd.DataFrame({fact: filled(pieces, table) for fact, pieces in facts.items()})
        lines["meaning"] = filled(parse_template(self.template), lines.rename(columns={"name": "class"}))
        lines = lines.drop_duplicates()
        repeated = lines[lines["id"].duplicated(keep=False)]
        if len(repeated):
            first = repeated[repeated["id"] == repeated["id"].iloc[0]]
            raise Refusal(
                f"{source} has lines that mean several things: {first['id'].iloc[0]} is "
                f"{listed(first['row'] + ' ' + first['name'], SHOWN)} ({repeated['id'].nunique()} such ids). "
                "Correct submission.line in the card."
            )
        absent = ids[~ids.isin(lines["id"])]
        if len(absent):
            raise Refusal(
                f"{sample}: {len(absent)} of its {len(ids)} ids are not in {source}, which the card's "
                f"submission.line.table names: {listed(absent, SHOWN)}. Ids there ({self.id}): "
                f"{listed(lines['id'], SHOWN)}. Correct submission.line.id or submission.id in the card."
            )
        return ids.map(lines.set_index("id")["meaning"])


def _spelled_out(value: Any) -> Any:
    # Checked here as well, so that a message names the key that the card has.
    return {"kind": "template", "template": _names_row_and_class(value)} if isinstance(value, str) else value


Line = Annotated[Annotated[LineTemplate | LineTable, Kinds()], BeforeValidator(_spelled_out)]
"""Which row and which class a line's id means. Not every pair needs a line: the sample's are written."""


class InLines(Form):
    """A line per row and class, number or label; no kind itself."""

    line: Line

    in_lines: ClassVar = True
    ids_mean: ClassVar = (
        "lines of test rows",
        "Lines that submission.line makes of test rows,",
        "submission.line, what the target names (target.columns, target.labels, target.values), layout.test or "
        "submission.id",
    )

    def meanings(self, ids: pd.Series, archives: Archives) -> pd.Series:
        return self.line.meanings(ids, archives, self.sample.name)

    def all_lines(self, row_ids: pd.Series, names: tuple[str, ...]) -> pd.Series:
        pairs = {"row": row_ids.repeat(len(names)).tolist(), "class": list(names) * len(row_ids)}
        return filled(parse_template(self.line.template), pd.DataFrame(pairs, dtype="str"))

    def asked_for(self, answers: np.ndarray, positions: Int64[np.ndarray, " lines"], asked: int) -> np.ndarray:
        return np.take_along_axis(answers, positions[:, None], axis=1)
