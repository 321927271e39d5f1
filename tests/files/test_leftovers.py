"""What a killed process has left half-written goes away; what a living one is writing stays."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from foldline.files.leftovers import PARTIAL, remove_leftovers

WRITERS = {
    "file": "whole_file(Path('work/digits/rows.parquet')) as partial: partial.write_text('half')",
    "folder": "whole_folder(Path('work/digits/predict/fold0')) as partial: (partial / 'test.npy').write_text('half')",
    "download": "whole_folder(Path('input/digits')) as partial: (partial / 'train.zip').write_text('half')",
    "unpacked": "whole_folder(Path('input/.unpacked/digits/0123')) as partial: (partial / 'a.png').write_text('half')",
    "submission": "whole_file(Path('submissions/digits/submission.csv')) as partial: partial.write_text('half')",
    "card": "whole_file(Path('pipelines/competitions/digits.yaml')) as partial: partial.write_text('half')",
}


def partials(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if PARTIAL.fullmatch(path.name)]


@pytest.mark.parametrize("what", WRITERS)
def test_it_stays_while_its_writer_lives_and_goes_once_that_is_killed(
    what: str, tmp_path: Path, outcome: Callable[[str, str], None]
) -> None:
    program = (
        "import time; from pathlib import Path; from foldline.files.whole_files import *\n"
        f"with {WRITERS[what]}; print('half', flush=True); time.sleep(600)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    writer = subprocess.Popen(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None and writer.stdout.readline() == "half\n"
    (partial,) = partials(tmp_path)
    assert remove_leftovers(tmp_path) == []
    assert partial.exists()
    writer.kill()
    writer.wait()
    assert remove_leftovers(tmp_path) == [partial]
    assert partials(tmp_path) == []
    outcome("SIGKILL while a file or a folder is written", "healed")


def test_what_is_no_partial_stays(tmp_path: Path) -> None:
    kept = [
        tmp_path / "work" / name for name in ("a.partial", ".a.partial", ".a.01234567.partial2", ".a.0123456g.partial")
    ]
    (tmp_path / "work").mkdir()
    for path in kept:
        path.touch()
    (tmp_path / "input" / "digits").mkdir(parents=True)
    (tmp_path / "input" / "digits" / ".a.01234567.partial").touch()  # a competition's own file
    assert remove_leftovers(tmp_path) == []
    assert all(path.exists() for path in kept)


@pytest.mark.parametrize("files", [100, pytest.param(3000, marks=pytest.mark.faults)])
def test_who_cleans_meets_who_writes(tmp_path: Path, files: int) -> None:
    """Many files are made while others clean: none is lost."""
    program = (
        "from pathlib import Path; from foldline.files.whole_files import write_text\n"
        f"for number in range({files}): write_text(Path('work', str(number)), str(number))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    writer = subprocess.Popen([sys.executable, "-c", program], cwd=tmp_path, env=environment)
    (tmp_path / "work").mkdir()
    while writer.poll() is None:
        remove_leftovers(tmp_path)
        time.sleep(0)
    assert writer.returncode == 0
    assert len(list((tmp_path / "work").iterdir())) == files
