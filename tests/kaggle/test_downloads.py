import os
import shutil
import zipfile
from pathlib import Path

import pytest

from foldline.archive.archives import ArchiveFile, read_manifest
from foldline.files.refusal import Refusal
from foldline.files.whole_files import sha256
from foldline.kaggle.client import Kaggle
from foldline.kaggle.connection import refusing
from foldline.kaggle.downloads import _compare_sizes, adopt, download
from tests.kaggle.faults import FaultyKaggle
from tests.kaggle.rehearsal import SLUG


def test_whole_with_its_manifest(server: FaultyKaggle, kaggle: Kaggle, tmp_path: Path) -> None:
    folder = tmp_path / "input" / SLUG
    folder.mkdir(parents=True)
    (folder / "stale.txt").write_text("of an earlier download")
    manifest = download(kaggle, SLUG, folder)
    archive = folder / f"{SLUG}.zip"
    assert archive.read_bytes() == server.competitions[SLUG].archive.read_bytes()
    assert manifest == read_manifest(folder / "manifest.json")
    assert manifest.files == (ArchiveFile(name=archive.name, bytes=archive.stat().st_size, sha256=sha256(archive)),)
    assert {path.name for path in folder.iterdir()} == {archive.name, "manifest.json"}


def test_a_cut_connection_is_continued_to_the_right_bytes(server: FaultyKaggle, kaggle: Kaggle, tmp_path: Path) -> None:
    server.faults.cut_downloads = 1
    download(kaggle, SLUG, tmp_path / SLUG)
    archive = tmp_path / SLUG / f"{SLUG}.zip"
    assert archive.read_bytes() == server.competitions[SLUG].archive.read_bytes()


def test_a_truncated_archive_leaves_what_was_there(server: FaultyKaggle, kaggle: Kaggle, tmp_path: Path) -> None:
    folder = tmp_path / SLUG
    folder.mkdir()
    (folder / "earlier.txt").write_text("whole")
    server.faults.truncated_archive = True
    with pytest.raises(Refusal, match=f"{SLUG}.zip is damaged or cut short.*Nothing was kept"):
        download(kaggle, SLUG, folder)
    assert [path.name for path in tmp_path.rglob("*")] == [SLUG, "earlier.txt"]


def test_what_kaggle_announces_is_compared() -> None:
    entries = {"labels.csv": 15, "large.csv.zip": 7}
    _compare_sizes({"labels.csv": 15, "large.csv": 700}, entries, SLUG)
    with pytest.raises(Refusal, match=r"announces 16 bytes for `labels.csv`, the download has 15"):
        _compare_sizes({"labels.csv": 16}, entries, SLUG)
    with pytest.raises(Refusal, match=r"announces `test.csv`, the download has no such file; found labels.csv"):
        _compare_sizes({"test.csv": 16}, entries, SLUG)


@pytest.mark.parametrize("name", ["../outside.txt", "/etc/outside.txt", "a\\..\\..\\outside.txt"])
def test_a_hostile_archive(tmp_path: Path, name: str) -> None:
    hostile = tmp_path / "hostile.zip"
    with zipfile.ZipFile(hostile, "w") as archive:
        archive.writestr(name, "content")
    with pytest.raises(Refusal, match="leaves the folder"):
        adopt(hostile, SLUG, tmp_path / "input" / SLUG)
    assert not list((tmp_path / "input").iterdir())


def test_a_flipped_byte_is_noticed(server: FaultyKaggle, tmp_path: Path) -> None:
    content = bytearray(server.competitions[SLUG].archive.read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "files.zip").write_bytes(content)
    with pytest.raises(Refusal, match=r"files.zip is damaged or cut short \(Bad CRC-32 for file 'train/a.png'\)"):
        adopt(tmp_path / "files.zip", SLUG, tmp_path / "input" / SLUG)


def test_own_files_by_folder_and_by_zip(server: FaultyKaggle, tmp_path: Path) -> None:
    source = tmp_path / "mine"
    (source / "train").mkdir(parents=True)
    (source / "labels.csv").write_text("id,label\n")
    (source / "train" / "a.png").write_bytes(b"pixels")
    manifest = adopt(source, SLUG, tmp_path / "input" / SLUG)
    assert [file.name for file in manifest.files] == ["labels.csv", "train/a.png"]
    assert (tmp_path / "input" / SLUG / "train" / "a.png").read_bytes() == b"pixels"
    again = adopt(
        Path(shutil.copy(server.competitions[SLUG].archive, tmp_path / "all.zip")), SLUG, tmp_path / "input" / SLUG
    )
    assert [file.name for file in again.files] == ["all.zip"]


def test_own_files_behind_links(tmp_path: Path) -> None:
    """Whatever there is arrives; what cannot is refused, and nothing of it is left out without a word."""
    own, elsewhere, folder = tmp_path / "own", tmp_path / "elsewhere", tmp_path / "input"
    for path in (own / "labels" / "manifest.json", elsewhere / "a.png", own / ".git" / "config"):
        path.parent.mkdir(parents=True)
        path.write_text("a")
    (own / "train").symlink_to(elsewhere)
    (own / "b.png").symlink_to(elsewhere / "a.png")
    manifest = adopt(own, SLUG, folder)
    assert [file.name for file in manifest.files] == ["b.png", "labels/manifest.json", "train/a.png"]
    (own / "labels" / "back").symlink_to("..")  # what lies behind it is there already
    assert adopt(own, SLUG, folder) == manifest
    (own / "labels" / "gone").symlink_to("nowhere")
    with pytest.raises(Refusal, match="labels/gone is a link to what is not there"):
        adopt(own, SLUG, folder)
    assert (folder / "train" / "a.png").read_text() == "a"


def test_a_name_in_another_encoding_is_refused_by_it(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    Path(os.fsdecode(os.fsencode(tmp_path / "mine") + b"/caf\xe9.png")).write_bytes(b"pixels")
    with pytest.raises(Refusal, match=r"1 file has a name that cannot be read as UTF-8: caf\\xe9.png. Rename"):
        adopt(tmp_path / "mine", SLUG, tmp_path / "input" / SLUG)
    assert not (tmp_path / "input").exists()


def test_nothing_to_take(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"none.zip holds no files"):
        adopt(tmp_path / "none.zip", SLUG, tmp_path / SLUG)
    (tmp_path / SLUG).mkdir()
    (tmp_path / SLUG / "a.csv").write_text("a")
    with pytest.raises(Refusal, match="which is replaced"):
        adopt(tmp_path / SLUG, SLUG, tmp_path / SLUG)
    assert (tmp_path / SLUG / "a.csv").exists()


def test_rules_not_accepted(server: FaultyKaggle, kaggle: Kaggle, tmp_path: Path) -> None:
    server.faults.rules_not_accepted = True
    with (
        pytest.raises(Refusal, match=f"accept the rules at https://www.kaggle.com/competitions/{SLUG}/rules"),
        refusing(kaggle, SLUG),
    ):
        download(kaggle, SLUG, tmp_path / SLUG)
    assert not list(tmp_path.iterdir())


def test_files_that_kaggle_does_not_list_cannot_be_checked(
    server: FaultyKaggle, kaggle: Kaggle, tmp_path: Path
) -> None:
    server.faults.no_files_listed = True
    with pytest.raises(Refusal, match=r"Kaggle lists no files.*Nothing was downloaded"):
        download(kaggle, SLUG, tmp_path / SLUG)
    assert not list(tmp_path.iterdir())


def test_a_link_that_storage_refuses(server: FaultyKaggle, kaggle: Kaggle, tmp_path: Path) -> None:
    server.faults.refused_blob = 403
    with pytest.raises(Refusal, match=r"storage of files refused a link.*403.*run it again"), refusing(kaggle, SLUG):
        download(kaggle, SLUG, tmp_path / SLUG)
