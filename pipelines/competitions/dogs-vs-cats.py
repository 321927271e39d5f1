"""Dogs vs. Cats: the labels as the sample submission writes them."""

import pandas as pd


def numbered(table: pd.DataFrame, read: object) -> pd.DataFrame:
    return table.assign(animal=table["animal"].map({"cat": "0", "dog": "1"}))
