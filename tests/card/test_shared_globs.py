"""Prefixes that take the neighbours' files."""

import pandas as pd
import pytest

from foldline.archive.file_names import expanded_paths
from foldline.card.layouts.table import refuse_shared
from foldline.files.refusal import Refusal

NAMES = ["1.jpg", "10.jpg", "10_b.jpg", "2.jpg"]


def looked_at(paths: list[str], ids: list[str], names: list[str] = NAMES) -> None:
    patterns = pd.Series(paths, dtype="str")
    refuse_shared(patterns, expanded_paths(patterns, names), pd.Series(ids, dtype="str"), "layout.train.path")


def test_a_prefix_that_takes_the_files_of_a_longer_id() -> None:
    with pytest.raises(Refusal) as refusal:
        looked_at(["1*.jpg", "2*.jpg", "10*.jpg"], ["1", "2", "10"])
    assert str(refusal.value).startswith(
        "The card's layout.train.path: 2 files fit the paths of several rows. `10.jpg` fits `1*.jpg` of the id `1`, "
        "and `10*.jpg` of the id `10`: `*` takes whatever follows. Write "
    )


@pytest.mark.parametrize(
    ("paths", "ids"),
    [
        (["1.*", "10.*", "2.*"], ["1", "10", "2"]),
        (["10*.jpg", "2*.jpg"], ["10", "2"]),
        # A folder of images of two rows, an image of two rows, two paths of one row, what is not there.
        (["10*.jpg", "10*.jpg"], ["left", "right"]),
        (["10.jpg", "10.jpg", "1.jpg"], ["a", "b", "c"]),
        (["1*.jpg", "10*.jpg"], ["1", "1"]),
        (["7*.jpg", "7*.jpg", "70*.jpg"], ["7", "7", "70"]),
    ],
)
def test_what_rows_may_share(paths: list[str], ids: list[str]) -> None:
    looked_at(paths, ids)
