import os
import subprocess
import sys
from pathlib import Path

import pytest

from foldline.files.notebooks import Cell, notebook_of, run_notebook
from foldline.files.whole_files import write_json


def run(tmp_path: Path, *cells: Cell, **options: object) -> subprocess.CompletedProcess[str]:
    write_json(tmp_path / "some.ipynb", notebook_of(cells), hashed=False)
    return run_notebook(tmp_path / "some.ipynb", os.environ, tmp_path, tmp_path, Path(sys.executable), **options)  # type: ignore[arg-type]


def test_cells_share_one_namespace_which_is_main_and_markdown_is_not_run(tmp_path: Path) -> None:
    cells = (
        Cell("code", "import pickle\nclass Found:\n    pass\nfound = pickle.dumps(Found())"),
        Cell("markdown", "# not Python"),
        Cell("code", "print(type(pickle.loads(found)) is Found, __name__)\nopen('here.txt', 'w').close()"),
    )
    ended = run(tmp_path, *cells)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "True __main__\n", "")
    assert (tmp_path / "here.txt").exists()  # the working folder


def test_the_first_cell_that_raises_ends_it_and_is_named_with_its_line(tmp_path: Path) -> None:
    cells = Cell("markdown", "why"), Cell("code", "print(1)"), Cell("code", "a = 1\na / 0"), Cell("code", "print(2)")
    ended = run(tmp_path, *cells)
    assert (ended.returncode, ended.stdout) == (1, "1\n")
    assert 'File "cell 3", line 2' in ended.stderr
    assert "a / 0" in ended.stderr
    assert ended.stderr.endswith("ZeroDivisionError: division by zero\n")


def test_equal_cells_make_equal_bytes_in_the_form_that_jupyter_reads(tmp_path: Path) -> None:
    made = notebook_of([Cell("code", "a = 1\nb = 2\n"), Cell("markdown", "words")])
    assert (made["nbformat"], made["nbformat_minor"]) == (4, 5)
    assert made == notebook_of([Cell("code", "a = 1\nb = 2\n"), Cell("markdown", "words")])
    first, second = made["cells"]
    assert first["source"] == ["a = 1\n", "b = 2\n"]
    assert {*first} == {"cell_type", "id", "metadata", "source", "execution_count", "outputs"}
    assert {*second} == {"cell_type", "id", "metadata", "source"}
    assert first["id"] != second["id"]


def test_a_command_may_start_the_process_and_time_may_end_it(tmp_path: Path) -> None:
    ended = run(tmp_path, Cell("code", "import os; print(os.environ['GIVEN'])"), within=("env", "GIVEN=it"))
    assert ended.stdout == "it\n"
    with pytest.raises(subprocess.TimeoutExpired):
        run(tmp_path, Cell("code", "import time; time.sleep(600)"), timeout_seconds=0.5)
