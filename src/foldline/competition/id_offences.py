"""Ids of a submission that the sample submission does not have, or not so often."""

import numpy as np
import pandas as pd

from foldline.competition.offences import Offence


def first_id_offence(ids: pd.Series, asked: pd.Series) -> Offence | None:
    """ids: all of the submission up to some row, or only those; asked: the sample's. Both text, none empty."""
    times = ids.map(asked.value_counts()).fillna(0).to_numpy()
    surplus = ids.groupby(ids).cumcount().to_numpy() >= times
    if not surplus.any():
        return None
    position = int(np.argmax(surplus))
    often = int(times[position])
    known = f"has this id {'once' if often == 1 else f'{often} times'}, and above it stands as often"
    return Offence(position, f"the sample submission {known if often else 'does not have this id'}")
