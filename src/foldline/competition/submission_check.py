"""Whether a grader will accept a csv: columns, ids, blanks, ranges, sums.

Rows and columns may be in any order: graders align them by name.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from foldline.cards.submission import HardLabel, Submission
from foldline.competition.sample import Sample
from foldline.refusal import Refusal, listed

BLOCK_CELLS = 1 << 22
SUM_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Offence:
    """What the grader would not accept in a block of rows."""

    position: int
    """Of the row in its block."""
    what: str


def check_submission(path: Path, sample: Sample, form: Submission) -> None:
    """Raises Refusal naming the first line and column that the grader would not accept; reads block by block."""
    ids = []
    for block in _blocks(path, sample, form):
        offence = None if block.empty else _first_offence(block, sample, form)
        if offence is not None:
            # The header is line 1, pandas counts the file's rows from 0.
            line, row_id = int(block.index[offence.position]) + 2, block[form.id].iloc[offence.position]
            raise Refusal(f"{path}, line {line} (id `{row_id}`): {offence.what}. Correct it, or run `dvc repro` again.")
        ids.append(block[form.id])
    _check_ids(pd.concat(ids) if ids else pd.Series([], dtype="str"), path, sample)


def _blocks(path: Path, sample: Sample, form: Submission) -> Iterator[pd.DataFrame]:
    """The csv's rows; its id, and a label, as text; only an empty field is missing."""
    as_text = sample.columns if isinstance(form, HardLabel) else (form.id,)
    try:
        with pd.read_csv(
            path,
            dtype=dict.fromkeys(as_text, "str"),
            keep_default_na=False,
            na_values=[""],
            chunksize=max(1, BLOCK_CELLS // len(sample.columns)),
            low_memory=False,
            encoding="utf-8-sig",
        ) as blocks:
            for block in blocks:
                if not isinstance(block.index, pd.RangeIndex):
                    raise ValueError("its lines have more fields than its header")
                _check_columns(tuple(block.columns), path, sample)
                yield block
    except FileNotFoundError:
        raise Refusal(f"{path} does not exist. Run `dvc repro`, or correct the path.") from None
    except (ValueError, UnicodeDecodeError) as error:
        raise Refusal(f"{path} is not a csv in UTF-8 ({error}). Write it anew.") from None


def _check_columns(columns: tuple[str, ...], path: Path, sample: Sample) -> None:
    missing = [column for column in sample.columns if column not in columns]
    extra = [column for column in columns if column not in sample.columns]
    if missing or extra:
        raise Refusal(
            f"{path}: columns that the sample submission has and the file has not: {listed(missing)}; the other way "
            f"round: {listed(extra)}. Write the sample's columns."
        )


def _check_ids(ids: pd.Series, path: Path, sample: Sample) -> None:
    surplus = ids.value_counts().sub(sample.ids.value_counts(), fill_value=0)
    missing, extra = sorted(surplus.index[surplus < 0]), sorted(surplus.index[surplus > 0])
    if missing or extra:
        raise Refusal(
            f"{path}: {len(missing)} ids of the sample submission are missing ({listed(missing, 3)}), {len(extra)} are "
            f"unknown or too often there ({listed(extra, 3)}). Write the sample's ids, each as often as there."
        )


def _first_offence(block: pd.DataFrame, sample: Sample, form: Submission) -> Offence | None:
    offence = _in_text(block[form.id], ".+", "an id")
    if offence is not None:
        return offence
    columns = sample.predicted(form)
    if isinstance(form, HardLabel):
        pattern, wanted = (r"-?\d+", "a whole number, as in the sample") if sample.whole_numbers else (".+", "a label")
        return _in_text(block[columns[0]], pattern, wanted)
    not_numbers = (_not_a_number(block[column]) for column in columns)
    return next((offence for offence in not_numbers if offence), None) or _in_probabilities(block[list(columns)])


def _in_text(values: pd.Series, pattern: str, wanted: str) -> Offence | None:
    wrong = ~values.fillna("").str.fullmatch(pattern).to_numpy(bool)
    if not wrong.any():
        return None
    position = int(np.argmax(wrong))
    return Offence(position, f"column `{values.name}` is {_shown(values.iloc[position])}, it must be {wanted}")


def _not_a_number(values: pd.Series) -> Offence | None:
    if values.dtype.kind in "iuf":
        return None
    wrong = pd.to_numeric(values.astype("str"), errors="coerce").isna().to_numpy()
    position = int(np.argmax(wrong))
    return Offence(position, f"column `{values.name}` is {_shown(values.iloc[position])}, it must be a number")


def _in_probabilities(probabilities: pd.DataFrame) -> Offence | None:
    values = probabilities.to_numpy(np.float64)
    outside = ~((values >= 0) & (values <= 1))
    if outside.any():
        position, place = divmod(int(np.argmax(outside)), values.shape[1])
        found = f"column `{probabilities.columns[place]}` is {_shown(values[position, place].item())}"
        return Offence(position, f"{found}, it must be a number from 0 to 1")
    sums = values.sum(axis=1)
    position = int(np.argmax(np.abs(sums - 1)))
    if np.abs(sums[position] - 1) <= SUM_TOLERANCE:
        return None
    return Offence(position, f"its probabilities sum to {sums[position]:.9g}, not to one within {SUM_TOLERANCE}")


def _shown(value: object) -> str:
    return "empty" if value is None or value != value else repr(value)
