"""Files that the `*` of one row's path takes from another row."""

import pandas as pd

from foldline.files.refusal import Refusal


def refuse_shared(patterns: pd.Series, files: pd.Series, ids: pd.Series, fact: str) -> None:
    """Raises Refusal where one file fits different patterns with `*` of two ids: `1*.jpg` takes 10.jpg.

    patterns: the path of each line; ids: its row, with the same index. files: as `with_wildcards` makes them of
    `patterns`. Rows of one and the same pattern share their files on purpose.
    """
    is_glob = patterns.str.contains("*", regex=False)
    found = files[is_glob[files.index].to_numpy()]
    claims = pd.DataFrame({"file": found, "pattern": patterns[found.index], "id": ids[found.index]}).drop_duplicates()
    claims = claims[claims["file"].duplicated(keep=False)]
    claimed = claims.groupby("file")[["pattern", "id"]].transform("nunique")
    claims = claims[(claimed["pattern"] > 1) & (claimed["id"] > 1)]
    if claims.empty:
        return
    of_first = claims[claims["file"] == claims["file"].iloc[0]]
    (file, pattern, row_id), *others = of_first.itertuples(index=False)
    other = next(other for other in others if other.id != row_id)
    raise Refusal(
        f"The card's {fact}: {claims['file'].nunique():,} files fit the paths of several rows. `{file}` fits "
        f"`{pattern}` of the id `{row_id}`, and `{other.pattern}` of the id `{other.id}`: `*` takes whatever follows. "
        "Write what ends an id in the file's name: `{id}_*`, `{id}-*.jpg`, or `{id}.*` for any suffix."
    )
