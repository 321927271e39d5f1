r"""Paths as tables write them, spelt as the archives' names are: `./train/1.jpg`, `train//1.jpg`, `train\1.jpg`; é as
one character or as an e with its accent."""

import re
from posixpath import normpath
from unicodedata import normalize

import pandas as pd

from foldline.archive.archives import Archives

ROUNDABOUT = re.compile(r"^\./|/\./|//|\\|/\.\./")


def as_named(paths: pd.Series, archives: Archives) -> pd.Series:
    """The same paths by the names that the archives have for them; what they do not have stays as it is."""
    roundabout = paths[paths.str.contains(ROUNDABOUT)].unique()
    paths = _changed(paths, {path: normpath(path.replace("\\", "/")) for path in roundabout})
    absent: list[str] = [path for path in paths.unique() if not path.isascii() and path not in archives]
    if not absent:
        return paths
    names = {normalize("NFC", name): name for name in archives.names if not name.isascii()}
    return _changed(paths, {path: names.get(normalize("NFC", path), path) for path in absent})


def _changed(paths: pd.Series, others: dict[str, str]) -> pd.Series:
    changed = paths.isin(list(others))
    return paths.where(~changed, paths.map(others)).astype("str") if others else paths
