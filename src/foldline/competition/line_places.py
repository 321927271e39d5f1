"""Where lines of a competition's source stand, for messages."""

import pandas as pd

from foldline.files.refusal import listed


def described_places(lines: pd.Index, most: int = 3) -> str:
    """`on line 2, 3`, as an editor counts them; `for image_id 7, 8` where the index has a name: there nobody counts.

    lines: as in `layout_parts.PartLines`; one that stands there several times, for its images, counts once.
    """
    places = lines.unique()
    if lines.name is not None:
        return f"for {lines.name} {listed(places, most)}"
    # The header is line 1.
    return f"on line {listed((position + 2 for position in places), most)}"
