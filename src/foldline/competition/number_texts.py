"""From a competition's columns to each row's numbers, by name; some may be missing."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from foldline.card.target import Columns, Lines
from foldline.card.templates import filled, parse_id
from foldline.competition.field_checks import BY_A_STEP, refuse_other_fields
from foldline.files.refusal import Refusal
from foldline.files.target_texts import numbers_of, text_of_numbers

DECIMAL_COMMA = r"[+-]?\d*,\d+"
POINTS = (
    "a number with a decimal point; write it so in a function of your own (docs/own-code.md): "
    "table.assign({column}=table['{column}'].str.replace(',', '.'))"
)
WANTED = f"a number; correct target.kind or target.values in the card, {BY_A_STEP}"


def number_texts(table: pd.DataFrame, values: Columns | Lines, source: str) -> pd.Series:
    """The numbers of each line of `table`, whose columns are text; of `Lines` its one number.

    Of several columns some may be empty. Raises Refusal for what is no number, or a line without any.
    """
    if isinstance(values, Lines):
        names, numbers = filled(parse_id(values.name), table), _numbers(table[values.column], source, gaps=False)
        rows = [{name: number} for name, number in zip(names, numbers, strict=True)]
    else:
        gaps = len(values.columns) > 1
        found = np.column_stack([_numbers(table[column], source, gaps) for column in values.columns])
        first = table[values.columns[0]]
        some = pd.DataFrame(found, index=table.index).notna().any(axis=1)
        refuse_other_fields(first, some, source, "a number where the other target.values.columns are empty")
        rows = [
            {name: number for name, number in zip(values.columns, row, strict=True) if number == number}
            for row in found.tolist()
        ]
    return pd.Series([text_of_numbers(row) for row in rows], index=table.index, dtype="str")


def united_numbers(texts: Iterable[str]) -> str:
    """All numbers of several texts. Raises Refusal where two say different things of one name."""
    united: dict[str, float] = {}
    for text in texts:
        for name, number in numbers_of(text).items():
            if united.setdefault(name, number) != number:
                raise Refusal(
                    f"The train table contradicts itself: `{name}` is {united[name]:g} and {number:g} for one row. "
                    "Name the column that tells the rows apart as layout.train.id in the card."
                )
    return text_of_numbers(united)


def _numbers(texts: pd.Series, source: str, gaps: bool) -> np.ndarray:
    """NaN for an empty field, where there may be `gaps`."""
    numbers = pd.to_numeric(texts, errors="coerce")
    finite = pd.Series(np.isfinite(numbers.to_numpy(float)), index=texts.index)
    commas = texts.str.fullmatch(DECIMAL_COMMA).any()
    wanted = POINTS.format(column=texts.name) if commas else WANTED
    refuse_other_fields(texts, finite | (texts == "") if gaps else finite, source, wanted)
    return numbers.to_numpy(float)
