"""PlantTraits2024: the columns as the sample submission calls them."""

import pandas as pd


def as_submitted(table: pd.DataFrame, read: object) -> pd.DataFrame:
    return table.rename(columns=lambda name: name.removesuffix("_mean") if name.startswith("X") else name)
