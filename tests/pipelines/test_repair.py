"""`foldline repair`: a damaged file goes with DVC's copies of it, and `dvc repro` makes it anew."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from foldline.files.hashes import is_intact
from foldline.files.whole_files import write_json

DVC = (sys.executable, "-m", "dvc")
WRITE = (
    "from pathlib import Path; from foldline.files.whole_files import write_json\n"
    "write_json(Path('work/digits/rule.json'), {'numbers': [1, 2]})"
)
CHAIN = """stages:
  start:
    cmd: python write.py
    deps: [write.py]
    outs: [work/digits/rule.json]
  end:
    cmd: cp work/digits/rule.json end.json
    deps: [work/digits/rule.json]
    outs: [end.json]
"""


@pytest.fixture(params=["hardlink", pytest.param("copy", marks=pytest.mark.faults)])
def project(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("write.py").write_text(WRITE)
    Path("dvc.yaml").write_text(CHAIN)
    for command in (
        ("git", "init", "-q"),
        (*DVC, "init", "-q"),
        (*DVC, "config", "cache.type", request.param),
        (*DVC, "repro", "-q"),
    ):
        subprocess.run(command, check=True)
    return tmp_path


def flip(file: Path, old: str, new: str) -> None:
    """In place, as a disk does: what is linked with it is damaged, too."""
    changed = file.read_text().replace(old, new)
    file.chmod(0o644)
    with file.open("r+") as opened:
        opened.write(changed)
    file.chmod(0o444)


def repair(*words: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-m", "pipelines.repair", *words], capture_output=True, text=True, check=True
    )
    return ended.stdout


@pytest.mark.parametrize("asked", ["work/digits/rule.json", pytest.param("--all", marks=pytest.mark.faults)])
def test_the_file_is_made_anew(project: Path, asked: str, outcome: Callable[[str, str], None]) -> None:
    file = project / "work/digits/rule.json"
    whole = file.read_bytes()
    flip(file, "1,", "9,")
    assert not is_intact(file)
    said = repair(asked)
    assert "removed work/digits/rule.json, which is damaged" in said
    assert said.endswith("next: dvc repro (for what no stage wrote: the command that did)\n")
    subprocess.run([*DVC, "repro", "-q"], check=True)
    assert file.read_bytes() == whole
    assert (project / "end.json").read_bytes() == whole
    outcome("`foldline repair` of a flipped bit", "healed")


def test_a_killed_run_is_mended_by_any_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in (".dvc/tmp", "work/.digits.01234567.partial"):
        Path(folder).mkdir(parents=True)
    Path("dvc.yaml").write_text(CHAIN)
    Path(".dvc/tmp/rwlock").write_text("")
    write_json(Path("work/a.json"), {"numbers": 1})
    ended = subprocess.run([sys.executable, "-m", "pipelines.repair"], capture_output=True, text=True, check=True)
    assert "rwlock, which a killed DVC had left" in ended.stderr
    assert "removed work/.digits.01234567.partial, which a killed process had left half-written" in ended.stderr
    assert ended.stdout == "nothing to mend: no stale lock, no half-written file\n"
    assert repair("--all", "work/a.json") == "2 files were checked, 0 damaged\n"
    assert Path("work/a.json").exists()
