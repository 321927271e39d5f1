"""What is not there may lie in an archive that stays closed: every message about it names such ones."""

from typing import Any

import pytest

from foldline.card.layout import Layout
from foldline.card.targets.single_labels import Multiclass
from foldline.competition.layouts import read_layout
from foldline.files.refusal import Refusal
from foldline.params.section import parse
from tests.conftest import Zipped

TABLE = {"kind": "table", "table": "train.csv", "id": "id", "path": "train/{id}.jpg"}
TARGET = Multiclass(kind="multiclass", column="label", group=None)


@pytest.mark.parametrize("name", ["train.rar", "train.tar.zst"])
@pytest.mark.parametrize(
    "part",
    [
        TABLE,
        {**TABLE, "table": "labels.csv"},
        {"kind": "walk", "pattern": "train/(?P<label>cat)/(?P<id>.+)", "id": "id"},
    ],
)
def test_a_closed_archive_is_named_with_what_is_missing(zipped: Zipped, part: dict[str, Any], name: str) -> None:
    archives = zipped({"train.csv": "id,label\na,cat\n", name: b"packed"})
    facts = {"channels": 3, "range": None, "aggregate": "mean", "train": part, "test": TABLE}
    layout = parse(facts, Layout, "card.yaml")
    with pytest.raises(Refusal, match=rf"Not opened .*: `{name}`. Extract such .* download --from FOLDER"):
        read_layout(archives, layout, TARGET)
