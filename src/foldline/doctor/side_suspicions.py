"""Features of which a model can learn nothing that serves another row, each finding in one sentence with examples."""

from collections.abc import Iterator

import pandas as pd

from foldline.files.refusal import listed
from foldline.files.rows import SIDE, side_columns

SHOWN = 3


def unlearnable_features(rows: pd.DataFrame) -> Iterator[str]:
    """Categories whose values in train say nothing of others. rows: in the form of `tables/`."""
    is_train = rows["part"] == "train"
    for column in side_columns(rows):
        if rows[column].dtype.kind == "f":
            continue
        train, test = (rows.loc[part, column].dropna() for part in (is_train, ~is_train))
        name = column.removeprefix(SIDE)
        if len(train) == is_train.sum() > 1 and train.is_unique:
            yield (
                f"The feature `{name}` has a value of its own in each train row, such as {_shown(train)}: it cannot "
                "say anything of others. Leave it out of the card."
            )
        else:
            yield from _unknown(name, train, test)


def _unknown(name: str, train: pd.Series, test: pd.Series) -> Iterator[str]:
    unknown = test[~test.isin(set(train))]
    if 2 * len(unknown) > len(test):
        yield (
            f"{'All' if len(unknown) == len(test) else 'Most'} test values of the feature `{name}` are unknown to "
            f"train: {_shown(unknown)} against {_shown(train)}. Write both alike by a step of kind `replace`, or leave "
            "it out of the card."
        )


def _shown(values: pd.Series) -> str:
    return listed(values.unique(), SHOWN)
