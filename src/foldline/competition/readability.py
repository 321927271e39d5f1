"""Images that cannot be read: listed with their reason, refused above a share, left out of what is learned from."""

import pandas as pd

from foldline.refusal import Refusal, listed
from foldline.tables.images import COLUMNS


def link_images(images: pd.DataFrame, decoded: pd.DataFrame) -> pd.DataFrame:
    """`images.parquet` (tables/images.py) from the layout's images (row, path) and the cache's line per path."""
    linked = images.merge(decoded, on="path", how="left", validate="many_to_one")
    return linked.astype({"error": "str"})[list(COLUMNS)]


def describe_unreadable(images: pd.DataFrame, most: int = 10) -> list[str]:
    """A line per unreadable file: its path and the reason."""
    unreadable = images.loc[images["error"].notna(), ["path", "error"]].drop_duplicates("path")
    return [f"{line.path}: {line.error}" for line in unreadable.head(most).itertuples()]


def refuse_unreadable(images: pd.DataFrame, allowed_share: float) -> None:
    """Raises Refusal when more than `allowed_share` of the images cannot be read."""
    files = images.drop_duplicates("path")
    unreadable = int(files["error"].notna().sum())
    if unreadable <= allowed_share * len(files):
        return
    share = unreadable / len(files)
    raise Refusal(
        f"{unreadable} of {len(files)} images cannot be read, a share of {share:.2g}, above prepare.unreadable_share "
        f"({allowed_share:g}): {listed(describe_unreadable(images, unreadable), 5)}. Download the competition anew if "
        "its archives are damaged. Or set prepare.unreadable_share above this share: then these images are blank, and "
        "train rows without another image belong to no fold."
    )


def readable(images: pd.DataFrame) -> pd.DataFrame:
    return images[images["error"].isna()]
