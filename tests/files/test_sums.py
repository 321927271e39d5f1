import subprocess
from pathlib import Path

from foldline.files.sums import changed, read_sums, write_sums


def test_sha256sum_agrees_and_what_is_missing_or_changed_is_named(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "two  words.txt").write_text("one")
    (tmp_path / "other").write_text("two")
    write_sums(tmp_path)
    write_sums(tmp_path)  # its own file is not among them
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=tmp_path, check=True)
    sums = read_sums(tmp_path)
    assert list(sums) == ["below/two  words.txt", "other"] and changed(tmp_path, sums) == []
    (tmp_path / "below" / "two  words.txt").write_text("One")
    (tmp_path / "other").unlink()
    assert changed(tmp_path, sums) == ["below/two  words.txt", "other"]
