"""UBC-OCEAN: slides are read by their thumbnails; microarrays have none, and are small."""

import pandas as pd


def slides(table: pd.DataFrame, read: object) -> pd.DataFrame:
    return table[table["is_tma"] == "False"]


def microarrays(table: pd.DataFrame, read: object) -> pd.DataFrame:
    return table[table["is_tma"] == "True"]
