"""What each line of a submission asks for, where a table of the competition says it."""

import pandas as pd

from foldline.archive.archives import Archives
from foldline.card.sources import named, read_source
from foldline.card.submission import LineTable
from foldline.card.templates import columns_of, filled, parse_id
from foldline.files.refusal import Refusal, listed

SHOWN = 3


def look_up(archives: Archives, line: LineTable, ids: pd.Series, sample: str) -> pd.DataFrame:
    """row and name (text) of each of the sample's lines, whose `ids` may repeat; in their order.

    Raises Refusal for a table or a column that is not there, an id that the table lacks, or has with two meanings.
    """
    facts = {"id": parse_id(line.id), "row": parse_id(line.row), "name": parse_id(line.name)}
    wanted = [(f"submission.line.{fact}", column) for fact, pieces in facts.items() for column in columns_of(pieces)]
    table = read_source(archives, line.table, wanted, "submission.line.table")
    meanings = pd.DataFrame({fact: filled(pieces, table) for fact, pieces in facts.items()}).drop_duplicates()
    _refuse_two_meanings(meanings, f"{archives.folder}: {named(line.table)}")
    absent = ids[~ids.isin(meanings["id"])]
    if len(absent):
        raise Refusal(
            f"{sample}: {len(absent)} of its {len(ids)} ids are not in {named(line.table)}, which the card's "
            f"submission.line.table names: {listed(absent, SHOWN)}. Ids there ({line.id}): "
            f"{listed(meanings['id'], SHOWN)}. Correct submission.line.id or submission.id in the card."
        )
    return meanings.set_index("id").loc[ids.tolist()].reset_index(drop=True)


def _refuse_two_meanings(meanings: pd.DataFrame, source: str) -> None:
    repeated = meanings[meanings["id"].duplicated(keep=False)]
    if len(repeated):
        first = repeated[repeated["id"] == repeated["id"].iloc[0]]
        raise Refusal(
            f"{source} has lines that mean several things: {first['id'].iloc[0]} is "
            f"{listed((first['row'] + ' ' + first['name']), SHOWN)} ({repeated['id'].nunique()} such ids). "
            "Correct submission.line in the card."
        )
