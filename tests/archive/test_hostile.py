"""What cannot be read whole is refused in one message; nothing is read or written outside; no bomb goes off."""

import gzip
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from foldline.archive import budgets
from foldline.archive.archives import Archives
from foldline.archive.budgets import ENTRY_BYTES
from foldline.archive.damage import refusing_damage
from foldline.files.refusal import Refusal
from foldline.kaggle.downloads import adopt
from tests.archive.hostile import HARMLESS, REFUSED, TEXT, WHOLE, entry, symlinked_zip, tarred, zipped

Count = Callable[..., None]


def read_through(folder: Path, name: str, content: bytes) -> dict[str, bytes]:
    """What `download --from` takes, and all later stages read. Raises Refusal, and never anything else."""
    source = folder / name
    source.write_bytes(content)
    adopt(source, "slug", folder / "input" / "slug")
    with Archives(folder / "input" / "slug", [name]) as archives:
        archives.read("a.csv")
        return {entry: archives.read(entry) for entry in archives.names}


@pytest.mark.parametrize("what", list(REFUSED))
def test_what_is_refused(what: str, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    with pytest.raises(Refusal) as refusal:
        read_through(tmp_path, *REFUSED[what])
    name = REFUSED[what][0]
    assert name in str(refusal.value) and len(str(refusal.value).splitlines()) == 1
    assert not [path for path in tmp_path.rglob("*") if path.name.endswith(".partial")]


def test_members_that_share_their_bytes(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"all.zip has 3\d,\d+ bytes, its files 2,500,000 as they are packed"):
        read_through(tmp_path, *REFUSED["zip: overlapping entries"])


@pytest.mark.parametrize(
    ("what", "found"),
    [("empty", r"numfiles value 65537 exceeds limit 65536"), ("long", r"header size exceeds limit 16777216")],
)
def test_a_list_of_files_that_is_a_bomb(what: str, found: str, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=rf"all.7z cannot be unpacked \(Bad7zFile: .*{found}"):
        read_through(tmp_path, *REFUSED[f"7z: a list of {what} names"])


@pytest.mark.parametrize("name", ["all.tar.gz", "all.tgz", "all.gz", "all"])
def test_the_tar_in_a_compressed_file_is_named_after_it(name: str, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=rf"/{name}: `all.tar`: the entry `../a.csv` leaves the folder"):
        read_through(tmp_path, name, tarred((entry("../a.csv"), TEXT), mode="w:gz"))


def test_a_link_in_a_zip_is_a_file_that_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"all.zip: `train.csv` is a link to another file, which is not followed"):
        read_through(tmp_path, "all.zip", symlinked_zip("/etc/passwd"))


@pytest.mark.parametrize("what", list(HARMLESS))
def test_links_are_not_followed(what: str, tmp_path: Path) -> None:
    found = read_through(tmp_path, *HARMLESS[what])
    assert found["a.csv"] == TEXT
    assert not any(b"root:" in content for content in found.values())


def test_empty_files_take_room_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = tarred(*((entry(f"{number}"), b"") for number in range(30)), mode="w:gz")
    monkeypatch.setattr(budgets, "BOMB_BYTES", 25 * ENTRY_BYTES)
    monkeypatch.setattr(budgets, "LARGEST_EXPANSION", 1)
    with pytest.raises(Refusal, match=r"all.tar.gz.* unpacks \d+ bytes to 106,496 or more"):
        read_through(tmp_path, "all.tar.gz", files)


def test_bombs_in_archives_each_below_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets, "BOMB_BYTES", 2**20)
    files = {f"{number}.csv.gz": gzip.compress(bytes(400_000)) for number in range(3)}
    with pytest.raises(Refusal, match=r"all.zip unpacks \d+ bytes to 1,212,288 or more"):
        read_through(tmp_path, "all.zip", zipped(files))


@pytest.mark.parametrize("error", [KeyError("a"), TypeError("a"), AttributeError("a"), AssertionError("a")])
def test_a_fault_of_ours_is_no_damage(error: Exception) -> None:
    with pytest.raises(type(error)), refusing_damage("all.zip"):
        raise error


def flip(content: bytes, place: int, bit: int) -> bytes:
    return content[:place] + bytes([content[place] ^ (1 << bit)]) + content[place + 1 :]


def check_flip(folder: Path, name: str, content: bytes) -> str:
    try:
        found = read_through(folder, name, content)
    except Refusal:
        return "refused"
    assert sorted(found.values()) == sorted([TEXT] if name.startswith("a.csv") else [TEXT, b"b" * 99]), name
    return "survived"


def test_flipped_bits(tmp_path: Path) -> None:
    chosen = random.Random(0)
    for number, (name, content) in enumerate(WHOLE.values()):
        for flipped in range(12):
            folder = tmp_path / f"{number}-{flipped}"
            folder.mkdir()
            check_flip(folder, name, flip(content, chosen.randrange(len(content)), chosen.randrange(8)))


@pytest.mark.faults
@pytest.mark.parametrize("kind", list(WHOLE))
def test_each_byte_flipped(kind: str, tmp_path: Path, outcome: Count) -> None:
    name, content = WHOLE[kind]
    for place in range(len(content)):
        folder = tmp_path / f"{place}"
        folder.mkdir()
        outcome("archives: a flipped bit", check_flip(folder, name, flip(content, place, place % 8)))


@pytest.mark.faults
@pytest.mark.parametrize("kind", list(WHOLE))
def test_cut_off_anywhere(kind: str, tmp_path: Path, outcome: Count) -> None:
    name, content = WHOLE[kind]
    for length in range(0, len(content), 7):
        folder = tmp_path / f"{length}"
        folder.mkdir()
        with pytest.raises(Refusal):
            read_through(folder, name, content[:length])
        outcome("archives: cut off", "refused")


@pytest.mark.faults
def test_all_that_is_refused_is_counted(tmp_path: Path, outcome: Count) -> None:
    for number, (name, content) in enumerate(REFUSED.values()):
        folder = tmp_path / f"{number}"
        folder.mkdir()
        with pytest.raises(Refusal):
            read_through(folder, name, content)
        outcome("archives: hostile or damaged", "refused")
    for number, (name, content) in enumerate(HARMLESS.values()):
        folder = tmp_path / f"harmless{number}"
        folder.mkdir()
        assert read_through(folder, name, content)["a.csv"] == TEXT
        outcome("archives: hostile or damaged", "survived")
