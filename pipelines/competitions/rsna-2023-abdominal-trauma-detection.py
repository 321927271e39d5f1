"""RSNA 2023 Abdominal Trauma: the label of each organ, of which the table has a column of 0 and 1 per label."""

import pandas as pd

ORGANS = ("bowel", "extravasation", "kidney", "liver", "spleen")


def labels(table: pd.DataFrame, read: object) -> pd.DataFrame:
    for organ in ORGANS:
        held = table.filter(regex=f"^{organ}_").astype(float)
        assert held.eq(1).sum(axis=1).eq(1).all(), f"each line has one label of the {organ}"
        table = table.assign(**{organ: held.idxmax(axis=1)})
    return table
