"""The command `foldline`: its index, the way to each script, and what it says elsewhere or of a misspelt name."""

import json
import os
import subprocess
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import pytest

from pipelines.__main__ import COMMANDS, INDEX, index, main
from pipelines.running import UNREAD


def foldline(monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    monkeypatch.setattr(sys, "argv", ["foldline", *words])
    main()


def test_the_index_names_each_command_once_within_80_columns() -> None:
    listed = [entry for entries in INDEX.values() for entry in entries if isinstance(entry, str)]
    assert sorted(listed) == sorted(COMMANDS)
    assert all(len(line) <= 80 for line in index().splitlines())


def test_the_index_needs_no_library() -> None:
    heavy = "{'pydantic', 'numpy', 'yaml', 'argparse', 'foldline'}"
    program = f"import sys; from pipelines.__main__ import main; main(); print({heavy} & set(sys.modules))"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout.startswith("Foldline: ")
    assert ended.stdout.endswith("set()\n")


def test_it_says_its_version(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    foldline(monkeypatch, "--version")
    assert capsys.readouterr().out == f"foldline {version('foldline')}\n"


@pytest.mark.parametrize("words", [("--help",), ("--version",), ("train", "--help")])
def test_where_nobody_reads_on_it_ends_without_a_word(words: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "pipelines", *words]
    buffered = {**os.environ, "PYTHONUNBUFFERED": ""}  # else argparse itself passes it over
    ended = subprocess.run(command, env=buffered, stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (UNREAD, "")


@pytest.mark.parametrize("words", [("--help",), ("--version",), ("train", "--help")])
def test_a_full_output_is_an_error_and_no_traceback(words: tuple[str, ...]) -> None:
    buffered = {**os.environ, "PYTHONUNBUFFERED": ""}
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "pipelines", *words], env=buffered, stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert ended.returncode == 1
    assert ended.stderr.startswith("error: the disk is full") and ended.stderr.count("\n") == 1


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_each_command_is_a_script_that_explains_itself(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert callable(import_module(f"pipelines.{COMMANDS[name].script}").main)
    with pytest.raises(SystemExit) as ended:
        foldline(monkeypatch, name, "--help")
    assert ended.value.code == 0
    assert f"usage: foldline {name} " in capsys.readouterr().out


def test_a_misspelt_command_is_told_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match=r"`comapre` is not a command. Did you mean `compare`\? Choose from "):
        foldline(monkeypatch, "comapre", "a", "b")


def test_outside_of_a_project_it_says_how_to_make_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match=f"{tmp_path} is not one .* make one: foldline init DIR"):
        foldline(monkeypatch, "compare", "a", "b")


def test_below_a_project_it_says_where_to_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dvc.yaml").touch()
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    with pytest.raises(SystemExit, match=f"works in the project's folder: cd {tmp_path}$"):
        foldline(monkeypatch, "compare", "a", "b")


def test_it_answers_in_json() -> None:
    ended = subprocess.run([sys.executable, "-m", "pipelines", "comapre", "--json"], capture_output=True, text=True)
    assert ended.returncode == 1
    assert json.loads(ended.stdout)["refused"].startswith("`comapre` is not a command.")
    ended = subprocess.run([sys.executable, "-m", "pipelines", "--json"], capture_output=True, text=True)
    assert set(json.loads(ended.stdout)["commands"]) == set(COMMANDS)
