"""What systems and tools leave beside the files is no file of the competition's."""

from pathlib import Path

import pytest

from foldline.archive.archives import Archives
from foldline.archive.junk import is_junk
from foldline.kaggle.downloads import adopt
from tests.archive.hostile import entry, tarred, zipped

JUNK = [
    "train/cat/.ipynb_checkpoints/1-checkpoint.png", ".ipynb_checkpoints/a.csv", "train/@eaDir/1.png/SYNO@.jpg",
    ".git/config", "train/.git/objects/00/a.png", "__MACOSX/train/._1.png", "a/.AppleDouble/1.png", "Thumbs.db",
    "train/cat/thumbs.db", "desktop.ini", "train/Desktop.INI", ".DS_Store", "train/._1.png", "$RECYCLE.BIN/S-1/a.png",
    "System Volume Information/x", "lost+found/1.png", ".Trash-1000/files/1.png", ".@__thumb/1.png", "#recycle/1.png",
    "__pycache__/own.pyc", "train/~$labels.xlsx", "train/.nfs0001", ".svn/entries", ".idea/x.xml", "train/.gitkeep",
]  # fmt: skip
KEPT = [
    "train/cat/1.png", "a.csv", "train/git/1.png", "train/lost/1.png", "train/1.db", "train/.1.png", "train/a.b/1.png",
    "recycle/1.png", "thumbs/1.png", "train/thumbs.db.png", "train/1_ds_store.png", "cat_/_1.png",
    "root/.cache/mle-bench/train/1.png", ".local/share/1.png",
]  # fmt: skip


@pytest.mark.parametrize("path", JUNK)
def test_junk(path: str) -> None:
    assert is_junk(path) and is_junk(path.upper())


@pytest.mark.parametrize("path", KEPT)
def test_no_junk(path: str) -> None:
    assert not is_junk(path)


@pytest.mark.parametrize("form", ["zip", "tar", "folder"])
def test_it_is_in_no_download(form: str, tmp_path: Path) -> None:
    files = {path: path.encode() for path in [*JUNK, "train/cat/1.png", "a.csv"]}
    source = tmp_path / f"all.{form}"
    if form == "zip":
        source.write_bytes(zipped(files))
    elif form == "tar":
        source.write_bytes(tarred(*((entry(path), content) for path, content in files.items())))
    else:
        for path, content in files.items():
            (source / path).parent.mkdir(parents=True, exist_ok=True)
            (source / path).write_bytes(content)
    manifest = adopt(source, "slug", tmp_path / "input" / "slug")
    with Archives(tmp_path / "input" / "slug", manifest.names) as archives:
        assert sorted(archives.names) == ["a.csv", "train/cat/1.png"]


def test_loose_junk_that_kaggle_served_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id")
    (tmp_path / ".DS_Store").write_text("junk")
    with Archives(tmp_path, [".DS_Store", "a.csv"]) as archives:
        assert archives.names == ("a.csv",)
