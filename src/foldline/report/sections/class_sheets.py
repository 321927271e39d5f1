"""What train rows of each class look like: how many there are, and some of them; of numbers by their bins."""

import numpy as np
from jaxtyping import Int64

from foldline.card.targets.target_kind import Strata
from foldline.files.refusal import counted, listed
from foldline.report.page import Figure, Galleries, Gallery, Part, Section
from foldline.report.pictures import Pictures
from foldline.report.prepared import Prepared

MOST_SHEETS = 40
FEW, OF_FEW, OF_MANY = 12, 12, 8
"""So many sheets are a row each, of so many pictures; more of them stand side by side, with fewer pictures."""

UNSEEN = "None of them has an image that can be read."


def class_sheets(prepared: Prepared, pictures: Pictures, seed: int) -> Section:
    """What a sheet is of, the target says: a class, one of several labels, or a bin of a number."""
    strata = prepared.target.sheets(prepared.targets, prepared.classes)
    members = rows_of_strata(strata)
    counts = np.array([len(rows) for rows in members], np.int64)
    chosen = chosen_sheets(counts, MOST_SHEETS)
    most = OF_FEW if len(chosen) <= FEW else OF_MANY
    sheets = []
    for number in chosen:
        rows = prepared.drawn_rows(members[number], most, (seed, number))
        figures = [_figure(prepared, row, strata.names[number], pictures) for row in rows]
        title = f"{strata.names[number]}: {counted(len(members[number]), 'row', 'rows')}"
        sheets.append(Gallery(figures, title, "" if rows else UNSEEN, OF_FEW, is_captioned=False))
    body: list[Part] = [*sheets] if len(chosen) <= FEW else [Galleries(sheets)]
    return Section("classes", _found(counts), left_out(strata, counts, chosen), body)


def rows_of_strata(strata: Strata) -> list[Int64[np.ndarray, " rows"]]:
    """Of each stratum its rows, ascending."""
    if strata.of_rows.ndim == 1:
        return [np.flatnonzero(strata.of_rows == number) for number in range(len(strata.names))]
    return [np.flatnonzero(held) for held in strata.of_rows.T]


def chosen_sheets(counts: Int64[np.ndarray, " strata"], most: int) -> list[int]:
    """Those with rows, in their order; of more than `most` half the largest, then half the smallest, by size."""
    there = np.flatnonzero(counts)
    if len(there) <= most:
        return there.tolist()
    by_size = there[np.argsort(-counts[there], kind="stable")]
    return [*by_size[: most - most // 2].tolist(), *by_size[len(by_size) - most // 2 :].tolist()]


def left_out(strata: Strata, counts: Int64[np.ndarray, " strata"], chosen: list[int]) -> str:
    """What has no sheet, in words."""
    rest = np.setdiff1d(np.flatnonzero(counts), chosen)
    said = []
    if len(rest):
        said.append(
            f"Shown are the {len(chosen) - len(chosen) // 2} largest and the {len(chosen) // 2} smallest; the other "
            f"{len(rest):,} have {_range(counts[rest])} rows each."
        )
    if len(empty := np.flatnonzero(counts == 0)):
        said.append(f"Without a train row: {listed(strata.names[number] for number in empty)}.")
    return " ".join(said)


def _found(counts: Int64[np.ndarray, " strata"]) -> str:
    there = counts[counts > 0]
    return (
        f"Train rows by their target: {len(there):,} sheets, of {_range(there)} rows" if len(there) else "No train row"
    )


def _range(counts: Int64[np.ndarray, " strata"]) -> str:
    least, most = int(counts.min()), int(counts.max())
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"


def _figure(prepared: Prepared, row: int, of: str, pictures: Pictures) -> Figure:
    row_id, said = prepared.rows["row_id"].iloc[row], prepared.shown[row]
    picture = pictures.of(int(prepared.first_images[row]))
    return Figure(picture, f"{row_id}, {of}", [row_id] if said == of else [row_id, said])
