"""Names in zips that do not say what they are written in: decided, found by a table's text, or asked about."""

import io
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from foldline.archive.archives import Archives
from foldline.archive.file_names import normalised_paths
from foldline.card.layouts.walk import WalkPart
from foldline.files.refusal import Refusal

MANY = {
    "cp437": "Käfer Öl café Größe Ångström Curaçao Nuñez élève Müller",
    "gbk": "狗 猫 汽车 飞机 玫瑰 蒲公英 向日葵 郁金香 雏菊",
    "cp932": "犬 猫 いぬ ソーラー 表 自動車 飛行機 たんぽぽ チューリップ",
    "cp950": "狗 貓 汽車 飛機 玫瑰 蒲公英 向日葵 鬱金香 功能",
    "cp949": "개 고양이 자동차 비행기 장미 민들레 해바라기 튤립 데이지",
    "cp866": "собака кошка машина роза одуванчик подсолнух тюльпан",
    "utf-8": "Käfer 狗 犬 개 собака",
}


def zipped(names: list[str], encoding: str) -> bytes:
    """A zip without the flag, as the programs of that time wrote it."""
    content = io.BytesIO()
    raw = {f"{place:04}": name.encode(encoding) for place, name in enumerate(names)}
    with zipfile.ZipFile(content, "w") as archive:
        for place, name in raw.items():
            archive.writestr(place + "x" * (len(name) - 4), b"image")
    packed = content.getvalue()
    for place, name in raw.items():
        packed = packed.replace((place + "x" * (len(name) - 4)).encode(), name)
    return packed


def paths(encoding: str) -> list[str]:
    return [f"train/{label}/{place}.jpg" for place, label in enumerate(MANY[encoding].split())]


@pytest.mark.parametrize("encoding", MANY)
def test_names_of_a_country(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "a.zip").write_bytes(zipped(paths(encoding), encoding))
    with Archives(tmp_path, ["a.zip"]) as archives:
        assert list(archives.names) == paths(encoding)
        assert archives.read(paths(encoding)[0]) == b"image"
        assert archives.undecided is None
        if encoding not in ("utf-8",):
            said = archives.said[str(tmp_path / "a.zip")][0]
            assert said.startswith(f"names that are not marked as UTF-8, read as {encoding}: {paths(encoding)[0]}")


@pytest.fixture
def single(tmp_path: Path) -> Archives:
    """A name that several encodings would give a sense."""
    (tmp_path / "a.zip").write_bytes(zipped(["train/汽车/1.jpg"], "gbk"))
    return Archives(tmp_path, ["a.zip"])


def test_a_table_that_names_the_file_decides(single: Archives) -> None:
    assert single.undecided is not None
    wanted = pd.Series(["train/汽车/1.jpg", "train/狗/1.jpg"], dtype="str")
    found = normalised_paths(wanted, single).tolist()
    assert found == [single.names[0], "train/狗/1.jpg"]


def test_labels_from_such_names_are_asked_about(single: Archives) -> None:
    pattern = r"train/(?P<label>[^/]+)/(?P<name>\d)\.jpg"
    part = {"kind": "walk", "pattern": pattern, "id": "{name}"}
    with pytest.raises(Refusal, match=r"may be one of these: .*gbk '汽车'.*layout.train: `encoding: "):
        WalkPart.model_validate(part).lines(single, "layout.train", ())
    lines = WalkPart.model_validate({**part, "encoding": "gbk"}).lines(single, "layout.train", ())
    assert lines.columns["label"].tolist() == ["汽车"]
    assert lines.paths.tolist() == list(single.names)
