"""HMS: an image is a recording's whole spectrogram; votes are on 50 seconds of it.

Those of its first part are learned.
"""

import pandas as pd


def first_parts(table: pd.DataFrame, read: object) -> pd.DataFrame:
    return table[table["spectrogram_sub_id"] == "0"]
