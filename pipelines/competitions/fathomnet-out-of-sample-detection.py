"""FathomNet 2023: the labels of a line are written as a list of numbers, [1.0, 20.0], and submitted as 1 20."""

import pandas as pd


def plain(table: pd.DataFrame, read: object) -> pd.DataFrame:
    return table.assign(categories=table["categories"].str.replace(r"[][,]|[.]0", "", regex=True))
