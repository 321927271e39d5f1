"""Whether a grader will accept a csv: columns, ids, and every row (competition/offences.py).

Rows and columns may be in any order: graders align them by name.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from foldline.cards.submission import ClassProbabilities, Labelled, LabelSet, Lines, Number, Submission
from foldline.competition.label_offences import first_label_offence
from foldline.competition.offences import first_offence
from foldline.competition.sample import Sample
from foldline.refusal import Refusal, listed
from foldline.unpacking import DAMAGES

BLOCK_CELLS = 1 << 22


def check_submission(
    path: Path, sample: Sample, form: Submission, distributions: bool, names: Sequence[str] | None = None
) -> None:
    """Raises Refusal naming the first line and column that the grader would not accept; reads block by block.

    distributions: whether a row's probabilities must sum to one (`sums_to_one` of competition/answer_columns.py).
    names: the labels that a submission can name (`answer_names`, there); None where nobody knows them.
    """
    ids, several = [], False
    for block in _blocks(path, sample, form):
        offence = None if block.empty else first_offence(block, sample, form, distributions)
        if offence is None and isinstance(form, Labelled):
            offence = first_label_offence(block[list(sample.predicted(form))], form, names)
        if offence is not None:
            # Pandas counts the file's rows from 0, after the header.
            line = int(block.index[offence.position]) + 1 + sample.has_header
            row_id = block[form.id].iloc[offence.position]
            raise Refusal(f"{path}, line {line} (id `{row_id}`): {offence.what}. Correct it, or run `dvc repro` again.")
        ids.append(block[form.id])
        several = several or not isinstance(form, LabelSet) or _shows_text(block, sample, form)
    if ids and not several:
        raise Refusal(
            f"{path}: column `{sample.predicted(form)[0]}` holds single whole numbers or nothing, so that graders read "
            "numbers in the place of sets, and fail. Give at least one row a second label."
        )
    _check_ids(pd.concat(ids) if ids else pd.Series([], dtype="str"), path, sample)


def _shows_text(block: pd.DataFrame, sample: Sample, form: Submission) -> bool:
    labels = block[sample.predicted(form)[0]].fillna("")
    return not labels.str.fullmatch(r"([+-]?\d+)?").all()


def _blocks(path: Path, sample: Sample, form: Submission) -> Iterator[pd.DataFrame]:
    """The csv's rows; its id, and labels, as text; only an empty field is missing."""
    as_text = (form.id,) if isinstance(form, ClassProbabilities | Number | Lines) else sample.columns
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
        ) as blocks:
            for block in blocks:
                if not isinstance(block.index, pd.RangeIndex):
                    raise ValueError("its lines have more fields than there are columns")
                if not "".join(map(str, block.columns)).isprintable():
                    raise ValueError("its first line is no text")
                _check_columns(tuple(block.columns), path, sample, form)
                yield block
    except FileNotFoundError:
        raise Refusal(f"{path} does not exist. Run `dvc repro`, or correct the path.") from None
    except (OSError, ImportError, *DAMAGES) as error:  # a folder, a file of another person, a packed one that is not
        raise Refusal(f"{path} cannot be read ({error}). Name a csv, and one that you may read.") from None
    except (ValueError, UnicodeDecodeError) as error:
        raise Refusal(f"{path} is not a csv in UTF-8 ({error}). Write it anew.") from None


def _check_columns(columns: tuple[str, ...], path: Path, sample: Sample, form: Submission) -> None:
    missing = [column for column in sample.columns if column not in columns]
    extra = [column for column in columns if column not in sample.columns]
    if missing or (extra and form.extra_columns == "refused"):
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
