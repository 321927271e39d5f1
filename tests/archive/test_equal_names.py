"""Two files of one name in an archive: refused where they differ, or said; never does the last one win silently."""

import io
import tarfile
import warnings
import zipfile
from pathlib import Path
from typing import Literal

import py7zr
import pytest

from foldline.archive.archives import Archives
from foldline.archive.tables import read_table
from foldline.files.refusal import Refusal

TWO = [("labels.csv", b"id\n1\n"), ("labels.csv", b"id\n2\n")]
SAME = [TWO[0], TWO[0]]
SPELT_TWICE = [("./labels.csv", b"id\n1\n"), TWO[1]]


def as_zip(entries: list[tuple[str, bytes]]) -> bytes:
    content = io.BytesIO()
    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(content, "w") as archive:
        for name, member in entries:
            archive.writestr(name, member)
    return content.getvalue()


def as_tar(entries: list[tuple[str, bytes]], mode: Literal["w", "w:gz"] = "w") -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode=mode) as archive:
        for name, member in entries:
            information = tarfile.TarInfo(name)
            information.size = len(member)
            archive.addfile(information, io.BytesIO(member))
    return content.getvalue()


def as_7z(entries: list[tuple[str, bytes]]) -> bytes:
    content = io.BytesIO()
    with py7zr.SevenZipFile(content, "w") as archive:
        for name, member in entries:
            archive.writestr(member, name)
    return content.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.zip", as_zip(TWO)),
        ("a.zip", as_zip([("inner.zip", as_zip(TWO))])),
        ("a.tar", as_tar(TWO)),
        ("a.tar.gz", as_tar(TWO, "w:gz")),
        ("a.7z", as_7z(TWO)),
        ("a.zip", as_zip(SPELT_TWICE)),
        ("a.tar", as_tar(SPELT_TWICE)),
        ("a.7z", as_7z(SPELT_TWICE)),
    ],
)
def test_two_files_of_one_name_are_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(
        Refusal, match=rf"{name}.*: it holds two different files of the name `labels.csv`\. Unpack it by hand"
    ):
        Archives(tmp_path, [name])


@pytest.mark.parametrize(
    ("name", "content"), [("a.zip", as_zip(SAME)), ("a.tar", as_tar([("./labels.csv", TWO[0][1]), TWO[0]]))]
)
def test_copies_in_an_archive_are_one_file(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with Archives(tmp_path, [name]) as archives:
        assert archives.names == ("labels.csv",)


def test_a_link_to_itself_in_a_tar_is_the_file_again(tmp_path: Path) -> None:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        information = tarfile.TarInfo("a.csv")
        information.size = 2
        archive.addfile(information, io.BytesIO(b"id"))
        link = tarfile.TarInfo("a.csv")
        link.type, link.linkname = tarfile.LNKTYPE, "a.csv"
        archive.addfile(link)
    (tmp_path / "a.tar").write_bytes(content.getvalue())
    with Archives(tmp_path, ["a.tar"]) as archives:
        assert archives.read("a.csv") == b"id"


def test_a_table_of_which_an_archive_holds_another_says_which_was_read(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_bytes(TWO[0][1])
    (tmp_path / "train.zip").write_bytes(as_zip(TWO[1:]))
    with Archives(tmp_path, ["labels.csv", "train.zip"]) as archives:
        assert read_table(archives, "labels.csv")["id"].tolist() == ["1"]
        assert archives.said["labels.csv"][1] == (
            "a file of this name lies in an archive, too, and was not read: train/labels.csv."
        )
