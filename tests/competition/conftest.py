"""Small competitions in zips, as Kaggle serves them."""

import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from foldline.archives import Archives

Zipped = Callable[[Mapping[str, str | bytes]], Archives]


@pytest.fixture
def zipped(tmp_path: Path) -> Iterator[Zipped]:
    """A function from members (path: content) to the archives of a folder that holds them in one zip."""
    opened: list[Archives] = []

    def make(members: Mapping[str, str | bytes]) -> Archives:
        with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
            for path, content in members.items():
                archive.writestr(path, content)
        opened.append(Archives(tmp_path, ["all.zip"]))
        return opened[-1]

    yield make
    for archives in opened:
        archives.close()
