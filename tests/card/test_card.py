"""The cards that come with Foldline, and the mistakes a card can hold."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from foldline.card.card import read_card
from foldline.files.refusal import Refusal

CARDS = sorted((Path(__file__).parents[2] / "pipelines" / "competitions").glob("*.yaml"))
DOG_BREED = next(path for path in CARDS if path.stem == "dog-breed-identification")


def changed(tmp_path: Path, section: str | None, **changes: object) -> Path:
    """The dog-breed card with some keys of a section (or of the card itself) set, those set to None removed."""
    card: dict[str, Any] = yaml.safe_load(DOG_BREED.read_text())
    place = card if section is None else card[section]
    place.update(changes)
    for key in [key for key, value in changes.items() if value is None]:
        del place[key]
    path = tmp_path / DOG_BREED.name
    path.write_text(yaml.safe_dump(card))
    return path


@pytest.mark.parametrize("path", CARDS, ids=lambda path: path.stem)
def test_the_cards_that_come_along_are_valid(path: Path) -> None:
    assert read_card(path).slug == path.stem


def test_a_card_says_what_a_competition_is() -> None:
    card = read_card(DOG_BREED)
    assert (card.target.kind, card.metric.kind, card.host.kind) == ("multiclass", "log_loss", "kaggle")
    assert card.symmetries == ("horizontal_flip",)


@pytest.mark.parametrize(
    ("section", "changes", "message"),
    [
        (None, {"slug": "dogs"}, "`slug` is 'dogs' but the file is named 'dog-breed-identification'"),
        (None, {"metrics": {}}, "`metrics` is not a known key. Did you mean `metric`?"),
        (None, {"title": None}, "`title` is missing"),
        (None, {"symmetries": ["flip"]}, "`symmetries.0` is 'flip': input should be 'horizontal_flip'"),
        ("host", {"kind": "keggle"}, "`host.kind` is 'keggle'. Did you mean `kaggle`? Valid: 'kaggle', 'local'"),
        ("host", {"kind": "local"}, "`host.source` is missing"),
        ("metric", {"kind": "logloss"}, "`metric.kind` is 'logloss'"),
        (
            "target",
            {"kind": "several_multiclass"},
            "`target.kind` is 'several_multiclass'. Did you mean `multiclass`? Valid: '",
        ),
        ("target", {"columns": "breed"}, "`target.columns` is not a known key. Did you mean `column`?"),
        ("layout", {"channels": 0}, "`layout.channels` is 0"),
        (
            "layout",
            {"test": {"kind": "table", "table": "a.csv", "id": "id", "path": ["{id}_a.png", "{id}_b.png"]}},
            "a `path` of layout names 2 files for an image, but layout.channels is 3: each file gives one channel",
        ),
        ("layout", {"train": "labels.csv"}, "`layout.train` is 'labels.csv': it must hold keys and values"),
        (
            "submission",
            {"kind": "lines", "line": "{row}", "range": None},
            "it names row and class, each once: `{row}_{class}`",
        ),
        ("submission", {"sample": None}, "`submission.sample` is missing"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, section: str | None, changes: dict[str, object], message: str) -> None:
    with pytest.raises(Refusal) as refused:
        read_card(changed(tmp_path, section, **changes))
    assert message in str(refused.value)


TABLE = {"kind": "table", "table": "labels.csv", "id": "id", "path": "train/{id}.jpg"}


@pytest.mark.parametrize(
    ("train", "message"),
    [
        ({**TABLE, "path": None}, "`layout.train.path` is None"),
        (
            {**TABLE, "id": {"id.head": None}},
            "`layout.train.id` is {'id.head': None}, as yaml reads braces. Write a template",
        ),
        (
            {**TABLE, "path": {"id": None}},
            "`layout.train.path` is {'id': None}, as yaml reads braces. Write a template",
        ),
        ({"table": "a.csv"}, "`layout.train.kind` is missing. Valid: 'coco', 'records', 'table', 'walk'"),
        ([], "`layout.train` is []"),
        ([TABLE, {**TABLE, "ids": "id"}], "`layout.train.1.ids` is not a known key. Did you mean `id`?"),
        ({**TABLE, "table": 3}, "`layout.train.table` is 3: it is a file's name, or a list"),
        (
            {**TABLE, "table": ["a.csv", {"kind": "kept"}]},
            "`layout.train.table.1.kind` is 'kept'. Valid: 'file', 'headerless', 'python'",
        ),
        (
            {**TABLE, "table": ["a.csv", {"kind": "python", "file": "x/a.py", "name": "lines"}]},
            "`layout.train.table.1.file` is 'x/a.py': it is the name of a .py file next to the card",
        ),
        (
            {"kind": "table", "file": "a.json", "id": "id", "path": "{id}"},
            "`layout.train.file` is not a known key. Valid here: id, kind, path, table",
        ),
        (
            {**TABLE, "table": ["a.csv", {"kind": "python", "files": "a.py", "name": "lines"}]},
            "`layout.train.table.1.files` is not a known key. Did you mean `file`? Valid here: file, kind, lines, name",
        ),
    ],
)
def test_a_mistake_in_a_part_is_named_where_the_card_has_it(tmp_path: Path, train: object, message: str) -> None:
    layout = yaml.safe_load(DOG_BREED.read_text())["layout"]
    with pytest.raises(Refusal) as refused:
        read_card(changed(tmp_path, None, layout={**layout, "train": train}))
    assert message in str(refused.value)


def test_a_key_is_text_also_where_yaml_reads_the_word_as_true_or_false(tmp_path: Path) -> None:
    metric = "{kind: weighted_log_loss, weights: {no: 2, yes: 1}}"
    path = tmp_path / DOG_BREED.name
    path.write_text(DOG_BREED.read_text().replace("metric:\n  kind: log_loss", f"metric: {metric}"))
    assert getattr(read_card(path).metric, "weights", None) == {"no": 2, "yes": 1}


def test_a_list_is_not_said_to_be_short_where_its_items_are_wrong(tmp_path: Path) -> None:
    layout = yaml.safe_load(DOG_BREED.read_text())["layout"]
    train = {**TABLE, "table": ["a.csv", {"kind": "python", "file": 3, "name": "lines"}]}
    with pytest.raises(Refusal) as refused:
        read_card(changed(tmp_path, None, layout={**layout, "train": train}))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "must hold keys and values, found nothing"),
        (b"- a\n", "must hold keys and values, found list"),
        (b"slug: a\n\ttitle: b\n", "is not valid yaml: .*cannot start any token"),
        (b"title: Dogs: a breed\n", "is not valid yaml: mapping values are not allowed here\n *line 1, column 12"),
        (b"title: D\xf6g\n", "is not valid yaml .'utf-8' codec can't decode byte 0xf6"),
        (
            b"a: {kind: table, path: train/{id}.jpg}",
            'line 1, column 30:.*Write a template in quotes: "train/{id}.jpg".',
        ),
        (b"slug: a\nslug: b\n", "duplicate key: slug"),
    ],
)
def test_what_is_no_card_says_why(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / DOG_BREED.name
    path.write_bytes(content)
    with pytest.raises(Refusal, match=f"(?s){message}"):
        read_card(path)


def test_line_ends_and_a_byte_order_mark_are_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / DOG_BREED.name
    path.write_bytes(b"\xef\xbb\xbf" + DOG_BREED.read_bytes().replace(b"\n", b"\r\n"))
    assert read_card(path) == read_card(DOG_BREED)


def test_a_range_has_two_ends(tmp_path: Path) -> None:
    layout = yaml.safe_load(DOG_BREED.read_text())["layout"]
    with pytest.raises(
        Refusal, match=r"`layout.range` is \[0, None\]: it has two numbers; for an end that is open write"
    ):
        read_card(changed(tmp_path, None, layout={**layout, "range": [0, None]}))


def test_no_such_card() -> None:
    with pytest.raises(Refusal, match=r"no card for the competition `dog-bread`. .*: .*dog-breed-identification"):
        read_card(DOG_BREED.with_stem("dog-bread"))
