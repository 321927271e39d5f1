"""Whether a grader will accept a csv: columns, ids, and every row.

Rows and columns may be in any order: graders align them by name.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from foldline.card.forms.form import Form, Sample
from foldline.card.forms.violations import Violation, earliest, in_texts
from foldline.card.sources import numbered
from foldline.files.refusal import Refusal, counted, listed

BLOCK_CELLS = 1 << 22
RAGGED = re.compile(r"Expected (\d+) fields in line (\d+), saw (\d+)")
"""Pandas' words, and its count is an editor's."""


def check_submission(
    path: Path, sample: Sample, form: Form, distributions: bool, names: Sequence[str] | None = None
) -> None:
    """Raises Refusal naming the first line and column that the grader would not accept; reads block by block.

    distributions: whether a row's probabilities must sum to one (`sums_to_one` of the form).
    names: the labels that a submission can name (`answer_names` of a target); None where nobody knows them.
    """
    ids, as_numbers = [], True
    for block in _blocks(path, sample, form):
        violation = None if block.empty else _first_violation(block, sample, form, distributions, names)
        ids.append(block[form.id])
        if violation is not None:
            _refuse_other_ids(pd.concat(ids).iloc[: block.index[violation.position]], path, sample)
            raise _refusal(violation, block[form.id], path)
        as_numbers = as_numbers and form.reads_as_numbers(block[list(sample.predicted(form))])
    if ids and as_numbers and not sample.integers:  # else the grader takes what its own sample holds
        raise Refusal(
            f"{path}: column `{sample.predicted(form)[0]}` holds single integers or nothing, so that graders read "
            "numbers instead of sets, and fail. Give at least one row a second label."
        )
    _check_ids(pd.concat(ids) if ids else pd.Series([], dtype="str"), path, sample)


def _first_violation(
    block: pd.DataFrame, sample: Sample, form: Form, distributions: bool, names: Sequence[str] | None
) -> Violation | None:
    columns = block[list(sample.predicted(form))]
    violation = earliest(
        [in_texts(block[form.id], block[form.id].notna(), "an id"), form.violation(columns, sample, distributions)]
    )
    above = columns.iloc[: None if violation is None else violation.position]
    return earliest([form.label_violation(above, names), violation])


def _refusal(violation: Violation, ids: pd.Series, path: Path, more: str = "") -> Refusal:
    """ids: of the rows among which `violation` has its position, by their number in the file, from 0."""
    row_id, number = ids.iloc[violation.position], int(ids.index[violation.position]) + 1
    named = "no id" if pd.isna(row_id) else f"id `{row_id}`"
    return Refusal(
        f"{path}, row {number:,} ({named}): {violation.what}. {more or 'Correct it, or run `dvc repro` again.'}"
    )


def _blocks(path: Path, sample: Sample, form: Form) -> Iterator[pd.DataFrame]:
    """The csv's rows; its id, and labels, as text; only an empty field is missing."""
    as_text = [name for name in sample.columns if form.of_labels or name == form.id]
    try:
        with pd.read_csv(
            path,
            header=0 if sample.has_header else None,
            names=None if sample.has_header else list(sample.columns),
            dtype=dict.fromkeys(as_text, "str"),
            keep_default_na=False,
            na_values=[""],
            chunksize=max(1, BLOCK_CELLS // len(sample.columns)),
            low_memory=False,
            encoding="utf-8-sig",
            skip_blank_lines=len(sample.columns) > 1,  # a blank line is a label that is missing
        ) as blocks:
            for block in blocks:
                if not isinstance(block.index, pd.RangeIndex):
                    raise ValueError("its lines have more fields than there are columns")
                others = set(map(str, block.columns)).difference(sample.columns)
                if not "".join(others).replace("\t", " ").isprintable():
                    raise ValueError("its first line is not text")
                _check_columns(tuple(block.columns), path, sample, form)
                # Where the sample has no column of ids, the number of the line stands for one.
                yield numbered(block) if form.id not in sample.columns else block
    except (Refusal, MemoryError):
        raise
    except Exception as error:  # a packed file may be damaged in any way
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> Refusal:
    if isinstance(error, FileNotFoundError):
        return Refusal(f"{path} does not exist. Run `dvc repro`, or correct the path.")
    if isinstance(error, OSError) or not isinstance(error, ValueError):  # a folder, a packed file that is not
        reason = next(iter(str(error).splitlines()), type(error).__name__)  # tarfile tells all that it tried
        return Refusal(f"{path} cannot be read ({reason}). Name a csv, and one that you may read.")
    ragged = RAGGED.search(str(error))
    if ragged:
        expected, line, found = ragged.groups()
        return Refusal(f"{path}, line {line}: it has {found} fields, not {expected}. Correct it, or write it anew.")
    return Refusal(f"{path} is not a csv in UTF-8 ({error}). Write it anew.")


def _check_columns(columns: tuple[str, ...], path: Path, sample: Sample, form: Form) -> None:
    missing = [column for column in sample.columns if column not in columns]
    extra = [column for column in columns if column not in sample.columns]
    # Pandas numbers the columns of one name; a grader reads the first one, or another.
    twice = [column for column in sample.columns if f"{column}.1" in extra]
    if twice:
        raise Refusal(f"{path}: its header names {listed(twice)} twice. Write the sample's columns, each once.")
    if missing or (extra and form.extra_columns == "refused"):
        halves = (("missing", missing), ("unexpected", extra))
        found = (
            f"{what} {'column' if len(names) == 1 else 'columns'}: {listed(names)}" for what, names in halves if names
        )
        raise Refusal(f"{path}: {'; '.join(found)}. Write the columns of the sample submission.")


def _check_ids(ids: pd.Series, path: Path, sample: Sample) -> None:
    surplus = ids.value_counts().sub(sample.ids.value_counts(), fill_value=0)
    missing, extra = sorted(surplus.index[surplus < 0]), sorted(surplus.index[surplus > 0])
    found = (
        f"{counted(len(missing), 'id of the sample submission is', 'ids of the sample submission are')} missing "
        f"({listed(missing, 3)}), {counted(len(extra), 'is', 'are')} unknown or "
        f"too often there ({listed(extra, 3)}). Write the sample's ids, each as often as there."
    )
    _refuse_other_ids(ids, path, sample, found)
    if missing:
        raise Refusal(f"{path}: {found}")


def _refuse_other_ids(ids: pd.Series, path: Path, sample: Sample, more: str = "") -> None:
    """ids: all of the submission up to some row, or only those; text, none empty."""
    times = ids.map(sample.ids.value_counts()).fillna(0).to_numpy()
    surplus = ids.groupby(ids).cumcount().to_numpy() >= times
    if surplus.any():
        position = int(np.argmax(surplus))
        often = int(times[position])
        known = f"has this id {'once' if often == 1 else f'{often} times'}, and above it stands as often"
        what = f"the sample submission {known if often else 'does not have this id'}"
        raise _refusal(Violation(position, what), ids, path, more)
