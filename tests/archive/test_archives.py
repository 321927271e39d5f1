"""Members of archives by name: nested, told apart, hostile, damaged."""

import gzip
import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import py7zr
import pytest

from foldline.archive.archives import Archives
from foldline.files.refusal import Refusal


def zipped(entries: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", compression) as archive:
        for name, member in entries.items():
            archive.writestr(name, member)
    return content.getvalue()


def test_loose_files_and_members_by_name(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_bytes(b"id")
    (tmp_path / "train.zip").write_bytes(zipped({"train/": b"", "train/a.jpg": b"A", "__MACOSX/._a.jpg": b"junk"}))
    with Archives(tmp_path, ["labels.csv", "train.zip"]) as archives:
        assert archives.names == ("labels.csv", "train/a.jpg")
        assert archives.read("train/a.jpg") == b"A"
        assert archives.read("labels.csv") == b"id"
        with pytest.raises(Refusal, match=r"there is no file `train/b.jpg`. Found labels.csv, train/a.jpg"):
            archives.read("train/b.jpg")


def test_a_zip_is_known_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "train.csv.data").write_bytes(zipped({"train.csv": b"id"}))
    (tmp_path / "features.npz").write_bytes(zipped({"a.npy": b""}))
    with Archives(tmp_path, ["train.csv.data", "features.npz"]) as archives:
        assert archives.names == ("train.csv", "features.npz")


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_archives_within_archives(tmp_path: Path, compression: int) -> None:
    table = zipped({"train.csv": b"id"})
    images = zipped({"train/a.jpg": b"A"})
    (tmp_path / "all.zip").write_bytes(zipped({"data/images.zip": images, "train.csv.zip": table}, compression))
    with Archives(tmp_path, ["all.zip"]) as archives:
        assert archives.names == ("data/train/a.jpg", "train.csv")
        assert archives.read("data/train/a.jpg") == b"A"
        assert archives.read("train.csv") == b"id"


def test_equal_paths_are_told_apart_by_their_archive(tmp_path: Path) -> None:
    inner = {"train.zip": zipped({"1.jpg": b"train"}), "test.zip": zipped({"1.jpg": b"test", "2.jpg": b"2"})}
    (tmp_path / "all.zip").write_bytes(zipped(inner))
    with Archives(tmp_path, ["all.zip"]) as archives:
        assert archives.names == ("train/1.jpg", "test/1.jpg", "test/2.jpg")
        assert archives.read("test/1.jpg") == b"test"


def test_archives_of_equal_folders_keep_these(tmp_path: Path) -> None:
    files = {
        "seg_train.zip": zipped({"cat/1.png": b"cat", "dog/1.png": b"dog"}),
        "seg_test.tar.gz": tarred({"cat/1.png": b"test", "cat/2.png": b"2"}, "w:gz"),
        "more.zip": zipped({"fox/1.png": b"fox"}),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    with Archives(tmp_path, list(files)) as archives:
        trained, tested = ("seg_train/cat/1.png", "seg_train/dog/1.png"), ("seg_test/cat/1.png", "seg_test/cat/2.png")
        assert archives.names == (*trained, *tested, "fox/1.png")
        assert archives.read("seg_train/cat/1.png") == b"cat"


def test_a_file_that_lies_outside_of_an_archive_as_well_keeps_its_name(tmp_path: Path) -> None:
    inner = {"a.csv": b"unpacked", "a.csv.zip": zipped({"a.csv": b"packed"}), "train/1.jpg": b"1", "b.csv": b"old"}
    (tmp_path / "all.zip").write_bytes(zipped(inner))
    (tmp_path / "b.csv").write_bytes(b"new")
    with Archives(tmp_path, ["all.zip", "b.csv"]) as archives:
        assert archives.names == ("a.csv", "a.csv/a.csv", "train/1.jpg", "all/b.csv", "b.csv")
        assert archives.read("b.csv") == b"new"


def test_the_last_part_of_a_split_zip_stays_a_file(tmp_path: Path) -> None:
    whole = zipped({"1.jpg": b"1"})
    (tmp_path / "all.zip").write_bytes(zipped({"train.z01": whole[:20], "train.zip": whole[20:], "train.csv": b"id"}))
    with Archives(tmp_path, ["all.zip"]) as archives:
        assert archives.names == ("train.z01", "train.zip", "train.csv")


def test_copies_and_what_machines_leave_behind_tell_no_archives_apart(tmp_path: Path) -> None:
    for part in ("train", "test"):
        stray = {".DS_Store": part.encode(), f"{part}/Thumbs.db": b"", f"{part}/._1.jpg": b"", "a/__MACOSX/x": b""}
        entries = {f"{part}/1.jpg": part.encode(), "LICENSE": b"free", **stray}
        (tmp_path / f"{part}.zip").write_bytes(zipped(entries))
    with Archives(tmp_path, ["train.zip", "test.zip"]) as archives:
        assert archives.names == ("train/1.jpg", "LICENSE", "test/1.jpg")


def test_files_that_nothing_tells_apart(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.zip").write_bytes(zipped({"images.zip": zipped({"1.jpg": name.encode()})}))
    with pytest.raises(Refusal, match=r"two files would be called `images/1.jpg`, in a.zip > images.zip and in b"):
        Archives(tmp_path, ["a.zip", "b.zip"])


@pytest.mark.parametrize("name", ["../a.jpg", "/etc/passwd", "a/../../b", "..\\a"])
def test_a_member_that_leaves_the_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "all.zip").write_bytes(zipped({"inner.zip": zipped({name: b""})}))
    with pytest.raises(Refusal, match=r"leaves the folder. Do not trust"):
        Archives(tmp_path, ["all.zip"])


def test_a_damaged_member(tmp_path: Path) -> None:
    for number, compression in enumerate((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)):
        name = f"{number}.zip"
        content = bytearray(zipped({"a.csv": b"0123456789" * 50}, compression))
        content[40:44] = b"\xff\xff\xff\xff"
        (tmp_path / name).write_bytes(content)
        with Archives(tmp_path, [name]) as archives, pytest.raises(Refusal, match=rf"{name}: `a.csv` is damaged"):
            archives.read("a.csv")


def test_a_damaged_inner_archive(tmp_path: Path) -> None:
    (tmp_path / "all.zip").write_bytes(zipped({"train.zip": zipped({"a": b"A"})[:-30]}))
    with pytest.raises(Refusal, match=r"all.zip: `train.zip` is damaged or cut short"):
        Archives(tmp_path, ["all.zip"])


def test_a_truncated_archive(tmp_path: Path) -> None:
    (tmp_path / "all.zip").write_bytes(zipped({"a": b"A" * 1000})[:-30])
    with pytest.raises(Refusal, match=r"all.zip is damaged or cut short .*dvc repro -f -s download"):
        Archives(tmp_path, ["all.zip"])


def test_a_missing_archive(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"all.zip does not exist, but the manifest lists it"):
        Archives(tmp_path, ["all.zip"])


def test_a_bomb(tmp_path: Path) -> None:
    (tmp_path / "all.zip").write_bytes(zipped({"a": b"\0" * (2**28 + 1)}))
    with (
        Archives(tmp_path, ["all.zip"]) as archives,
        pytest.raises(Refusal, match="unpacks 260,916 bytes to 268,435,457"),
    ):
        archives.read("a")


def test_archives_without_end(tmp_path: Path) -> None:
    content = zipped({"a": b"A"})
    for _ in range(5):
        content = zipped({"inner.zip": content})
    (tmp_path / "all.zip").write_bytes(content)
    with pytest.raises(Refusal, match="archives are nested more than 4 deep"):
        Archives(tmp_path, ["all.zip"])


def test_a_member_that_needs_a_password(tmp_path: Path) -> None:
    content = bytearray(zipped({"a": b"A"}, zipfile.ZIP_STORED))
    directory = content.index(b"PK\x01\x02")
    content[6] |= 1
    content[directory + 8] |= 1
    (tmp_path / "all.zip").write_bytes(content)
    with (
        Archives(tmp_path, ["all.zip"]) as archives,
        pytest.raises(Refusal, match=r"cannot be unpacked here .*password"),
    ):
        archives.read("a")


@pytest.mark.parametrize("of_names", [False, True])
def test_a_7z_that_needs_a_password_stays_a_file(tmp_path: Path, of_names: bool) -> None:
    content = io.BytesIO()
    with py7zr.SevenZipFile(content, "w", password="secret", header_encryption=of_names) as archive:
        archive.writestr(b"B", "b.csv")
    (tmp_path / "loose.7z").write_bytes(content.getvalue())
    (tmp_path / "all.zip").write_bytes(zipped({"b.7z": content.getvalue(), "a.csv": b"A"}))
    with Archives(tmp_path, ["loose.7z", "all.zip"]) as archives:
        assert archives.names == ("loose.7z", "b.7z", "a.csv")
        assert archives.read("a.csv") == b"A"


def tarred(entries: Mapping[str, bytes], mode: str = "w") -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode=mode) as archive:  # type: ignore[call-overload]
        for name, member in entries.items():
            information = tarfile.TarInfo(name)
            information.size = len(member)
            archive.addfile(information, io.BytesIO(member))
    return content.getvalue()


def seven_zipped(entries: Mapping[str, bytes]) -> bytes:
    content = io.BytesIO()
    with py7zr.SevenZipFile(content, "w") as archive:
        for name, member in entries.items():
            archive.writestr(member, name)
    return content.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("data.7z", seven_zipped({"train/a.jpg": b"A", "b.csv": b"B"})),
        ("data.tar", tarred({"train/a.jpg": b"A", "b.csv": b"B"})),
        ("data.tar.gz", tarred({"train/a.jpg": b"A", "b.csv": b"B"}, "w:gz")),
        ("data.tgz", tarred({"train/a.jpg": b"A", "b.csv": b"B"}, "w:gz")),
        ("data.tbz2", tarred({"train/a.jpg": b"A", "b.csv": b"B"}, "w:bz2")),
        ("data.txz", tarred({"train/a.jpg": b"A", "b.csv": b"B"}, "w:xz")),
        ("data.tar.xz", tarred({"train/a.jpg": b"A", "b.csv": b"B"}, "w:xz")),
        ("data.zip", tarred({"train/a.jpg": b"A", "b.csv": b"B"})),  # under a wrong name
        ("data.zip", seven_zipped({"train/a.jpg": b"A", "b.csv": b"B"})),
        ("data", tarred({"train/a.jpg": b"A", "b.csv": b"B"}, "w:bz2")),
    ],
)
def test_other_archives_are_known_by_their_content(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    (tmp_path / "all.zip").write_bytes(zipped({f"inner/{name}": content}))
    with Archives(tmp_path, [name]) as archives:
        assert sorted(archives.names) == ["b.csv", "train/a.jpg"]
        assert archives.read("train/a.jpg") == b"A"
    if "." in name:  # within another archive only suffixes tell which files to look into
        with Archives(tmp_path, ["all.zip"]) as archives:
            assert sorted(archives.names) == ["inner/b.csv", "inner/train/a.jpg"]
            assert archives.read("inner/b.csv") == b"B"


def test_the_archives_among_a_few_files_without_a_suffix(tmp_path: Path) -> None:
    bare = {"train": zipped({"train/a.jpg": b"A"}), "README": b"text", "in/deep": zipped({"b": b"B"})}
    (tmp_path / "all.zip").write_bytes(zipped(bare))
    (tmp_path / "images.zip").write_bytes(zipped({f"{number}": zipped({"b": b"B"}) for number in range(21)}))
    with Archives(tmp_path, ["all.zip", "images.zip"]) as archives:
        assert archives.names == ("train/a.jpg", "README", "in/deep", *(f"{number}" for number in range(21)))


def test_a_compressed_file_loses_its_suffix(tmp_path: Path) -> None:
    (tmp_path / "train.csv.gz").write_bytes(gzip.compress(b"id\n1\n"))
    with Archives(tmp_path, ["train.csv.gz"]) as archives:
        assert archives.names == ("train.csv",)
        assert archives.file("train.csv").read_bytes() == b"id\n1\n"


@pytest.mark.parametrize(
    "names",
    [
        ("train.zip.001", "train.zip.002", "train.zip.003"),
        ("train.zip.aa", "train.zip.ab", "train.zip.ac"),  # as `split` names them
        ("train.zip.part00", "train.zip.part01", "train.zip.part02"),
    ],
)
def test_parts_of_a_split_archive_are_one(tmp_path: Path, names: tuple[str, str, str]) -> None:
    whole = zipped({"train/a.jpg": b"A" * 100}, zipfile.ZIP_STORED)
    for name, part in zip(names, (whole[:60], whole[60:130], whole[130:]), strict=True):
        (tmp_path / name).write_bytes(part)
    with Archives(tmp_path, [names[1], names[0], names[2]]) as archives:
        assert archives.read("train/a.jpg") == b"A" * 100


@pytest.mark.parametrize(
    ("there", "missing", "follows"), [("001 003", "002", "003"), ("aa ac", "ab", "ac"), ("00 01 03", "02", "03")]
)
def test_a_part_that_is_missing_is_named(tmp_path: Path, there: str, missing: str, follows: str) -> None:
    names = [f"train.zip.{count}" for count in there.split()]
    for name in names:
        (tmp_path / name).write_bytes(b"pixels")
    with pytest.raises(Refusal, match=rf"`train\.zip\.{missing}` is missing, which `train\.zip\.{follows}` follows"):
        Archives(tmp_path, names)


@pytest.mark.parametrize("names", [["scan.123"], ["scan.001", "scan.002"], ["a.zip.zz"]])
def test_files_called_like_parts_are_themselves(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).write_bytes(b"pixels")
    with Archives(tmp_path, names) as archives:
        assert [archives.read(name) for name in names] == [b"pixels"] * len(names)


def test_what_was_unpacked_serves_again_until_the_download_changes(tmp_path: Path) -> None:
    downloads = tmp_path / "slug"
    downloads.mkdir()
    (downloads / "a.7z").write_bytes(seven_zipped({"a": b"first"}))
    with Archives(downloads, ["a.7z"]):
        (unpacked,) = [path for path in (tmp_path / ".unpacked" / "slug").iterdir() if path.is_dir()]
    (unpacked / "a").write_bytes(b"known by this")
    with Archives(downloads, ["a.7z"]) as archives:
        assert archives.read("a") == b"known by this"
    (downloads / "a.7z").write_bytes(seven_zipped({"a": b"another download"}))
    with Archives(downloads, ["a.7z"]) as archives:
        assert archives.read("a") == b"another download"
    assert not unpacked.exists()


@pytest.mark.parametrize("name", ["../a", "/a"])
def test_a_tar_member_that_leaves_the_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.tar").write_bytes(tarred({name: b"A"}))
    with pytest.raises(Refusal, match=r"leaves the folder. Do not trust"):
        Archives(tmp_path, ["a.tar"])


@pytest.mark.parametrize(
    "content",
    [tarred({"a": b"A" * 10_000}, "w:gz")[:-20], seven_zipped({"a": b"A" * 999})[:-20]],
    ids=["tar.gz", "7z"],  # the bytes hold the second in which they were made, and each test process makes its own
)
def test_other_archives_that_are_damaged(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(Refusal, match=r"a.zip .*dvc repro -f -s download"):
        Archives(tmp_path, ["a.zip"])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("data.7z", seven_zipped({"a.jpg": b"A" * 5_000})),
        ("data.tar.gz", tarred({"a.jpg": bytes(range(256)) * 20}, "w:gz")),
        ("data.zip", zipped({"inner.zip": zipped({"a.jpg": b"A" * 5_000}, zipfile.ZIP_STORED)})),
    ],
)
def test_what_does_not_fit_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / name).write_bytes(content)
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=99))
    with pytest.raises(Refusal, match=r"takes [\d,]+ bytes unpacked, 99 are free at .*Free some space"):
        Archives(tmp_path / "in", [name])
    assert not [path for path in (tmp_path / ".unpacked" / "in").iterdir() if path.is_dir()]
