"""From a competition's columns to each row's set of labels."""

from collections.abc import Iterable

import pandas as pd

from foldline.card.target import Delimited, Lines, OneHot
from foldline.card.templates import filled, parse_id
from foldline.competition.field_checks import ones
from foldline.files.target_texts import labels_of, text_of_labels

CURE = "correct target.labels in the card"


def set_texts(table: pd.DataFrame, labels: Delimited | OneHot | Lines, source: str) -> pd.Series:
    """The set of each line of `table`, whose columns are text; of `Lines` its one label, or none. Raises Refusal."""
    match labels:
        case Delimited():
            parts = table[labels.column].str.split(labels.delimiter, regex=False)
            sets = [list(dict.fromkeys(part.strip() for part in row if part.strip())) for row in parts]
        case OneHot():
            held = pd.concat([ones(table[column], source, CURE) for column in labels.columns], axis=1).to_numpy()
            sets = [[labels.columns[place] for place in row.nonzero()[0]] for row in held]
        case Lines():
            names, holds = filled(parse_id(labels.name), table), ones(table[labels.column], source, CURE)
            sets = [[name] if one else [] for name, one in zip(names, holds, strict=True)]
    return pd.Series([text_of_labels(row) for row in sets], index=table.index, dtype="str")


def united_sets(texts: Iterable[str]) -> str:
    """All labels of several sets, each once, in order of appearance."""
    labels = [label for text in texts for label in labels_of(text)]
    return text_of_labels(list(dict.fromkeys(labels)))
