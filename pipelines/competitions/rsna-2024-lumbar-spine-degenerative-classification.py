"""RSNA 2024 Lumbar Spine: the severities as the sample submission writes them."""

import pandas as pd

SEVERITIES = {"Normal/Mild": "normal_mild", "Moderate": "moderate", "Severe": "severe"}


def as_submitted(table: pd.DataFrame, read: object) -> pd.DataFrame:
    return table.replace(SEVERITIES)
