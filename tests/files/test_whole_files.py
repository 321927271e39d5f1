"""Whole files or none, and locks that die with their process."""

import errno
import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from foldline.files.reading import missing
from foldline.files.refusal import Refusal, listed
from foldline.files.whole_files import (
    locked,
    read_json,
    sha256,
    sha256_of_json,
    whole_file,
    whole_folder,
    write_json,
)


def test_a_whole_file_replaces_a_read_only_link_and_leaves_its_target(tmp_path: Path) -> None:
    cached, out = tmp_path / "cached", tmp_path / "out.txt"
    cached.write_text("old")
    cached.chmod(0o444)
    out.symlink_to(cached)
    with whole_file(out) as partial:
        partial.write_text("new")
        assert out.read_text() == "old"
    assert (out.read_text(), cached.read_text()) == ("new", "old")


def test_a_failed_write_leaves_what_was_there(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out.txt"
    with pytest.raises(ZeroDivisionError), whole_file(out) as partial:
        partial.write_text("half")
        _ = 1 / 0
    assert list(out.parent.iterdir()) == []


def test_a_full_disk_is_that_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"No space left on device: '.*out\.txt'"), whole_file(tmp_path / "out.txt"):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_whole_folder_replaces_the_old_one(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "old").write_text("")
    with whole_folder(folder) as partial:
        (partial / "new").write_text("")
    assert [path.name for path in folder.iterdir()] == ["new"]
    with pytest.raises(ZeroDivisionError), whole_folder(folder) as partial:
        _ = 1 / 0
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    assert [path.name for path in folder.iterdir()] == ["new"]


def test_a_whole_folder_replaces_a_link_and_leaves_its_target(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.mkdir()
    (target / "mine").touch()
    for led_to in (target, tmp_path / "nowhere"):
        link.symlink_to(led_to)
        with whole_folder(link) as partial:
            (partial / "new").touch()
        assert (link.is_symlink(), [path.name for path in link.iterdir()]) == (False, ["new"])
        (link / "new").unlink()
        link.rmdir()
    assert (target / "mine").exists()


def test_json_round_trip_and_refusals(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"b": ["ä", 1]})
    assert read_json(path) == {"b": ["ä", 1]}
    path.write_text("{")
    with pytest.raises(Refusal, match=r"is not valid JSON .* Remove the file and run the stage that writes it"):
        read_json(path)
    path.unlink()
    with pytest.raises(Refusal, match="does not exist"):
        read_json(path)
    assert "dvc repro" in str(missing(path))


def test_hashes(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    assert sha256(path) == hashlib.sha256(b"abc").hexdigest()
    assert sha256_of_json({"a": 1, "b": 2}) == sha256_of_json({"b": 2, "a": 1})
    assert sha256_of_json({"a": 1}) != sha256_of_json({"a": 2})


def test_a_killed_process_lets_go_of_its_lock(tmp_path: Path) -> None:
    lock = tmp_path / "a.lock"
    hold = "import sys, time; from pathlib import Path; from foldline.files.whole_files import locked\n"
    hold += "with locked(Path(sys.argv[1])): print('held', flush=True); time.sleep(3600)"
    with subprocess.Popen([sys.executable, "-c", hold, str(lock)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        holder.kill()
        holder.wait()
        with locked(lock):
            pass


def test_listed_shows_the_first() -> None:
    assert listed([]) == "none"
    assert listed(range(3)) == "0, 1, 2"
    assert listed(range(12), most=10) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more"


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_json_has_no_numbers_that_are_not_finite(word: str, tmp_path: Path) -> None:
    path = tmp_path / "rule.json"
    path.write_text(f'{{"thresholds": [0.5, {word}]}}')
    with pytest.raises(Refusal, match=f"rule.json is not valid JSON .{word} is not a number"):
        read_json(path)
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, {"score": float(word.lower())})
