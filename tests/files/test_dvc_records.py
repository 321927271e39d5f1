"""What DVC and git keep of runs is read without either library, from a repository that both made."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from dvc.repo import Repo

from foldline.files.dvc_records import cached, md5_of, record_of, revisions, seconds_of_dvc, texts_at, tracked_files

CHAIN = {
    "stages": {
        "check": {"cmd": "true", "params": [{"params.yaml": None}]},
        "clip": {
            "cmd": "mkdir -p clip && cp params.yaml clip/scores.json",
            "params": ["rate"],
            "outs": ["clip/scores.json"],
        },
    }
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Below the repository's root: run, committed, changed, and the change saved as an experiment."""
    root = tmp_path_factory.mktemp("repository")
    folder = root / "project"
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("DVC_SITE_CACHE_DIR", str(root / "site"))
        patched.chdir(folder)
        git(root, "init", "-q")
        for name in ("user.name", "user.email"):
            git(root, "config", name, "t@localhost")
        (folder / "dvc.yaml").write_text(yaml.safe_dump(CHAIN, sort_keys=False))
        with Repo.init(str(folder), subdir=True) as repo:
            git(folder, "commit", "-q", "--allow-empty", "-m", "start")
            write_params(folder, "1e-3")
            repo.reproduce()
            git(folder, "add", "-A")
            git(folder, "commit", "-q", "-m", "first")
            write_params(folder, "0.5")
            repo.reproduce()
            repo.experiments.save(name="faster")
        yield folder


def write_params(folder: Path, rate: str) -> None:
    (folder / "params.yaml").write_text(f"rate: {rate}\n")


def git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def test_experiments_and_commits_are_found_with_their_locks(project: Path) -> None:
    found = {one.name: one for one in revisions()}
    head = git(project, "rev-parse", "--short", "HEAD")
    assert {name: one.kind for name, one in found.items()} == {"faster": "experiment", head: "commit"}
    assert found[head].made == float(git(project, "log", "-1", "--format=%ct"))
    assert "rate: 0.5" in record_of(found["faster"].lock, "check")
    assert "rate" in record_of(found[head].lock, "clip")
    assert record_of(found[head].lock, "clip").count("cmd:") == 1, "no other stage's"
    assert record_of(found[head].lock, "train") == ""


def test_what_a_stage_wrote_lies_in_the_cache(project: Path) -> None:
    for one in revisions():
        tracked = tracked_files(record_of(one.lock, "clip"))
        file = cached(tracked["clip/scores.json"])
        assert file is not None
        assert file.read_text() == ("rate: 0.5\n" if one.name == "faster" else "rate: 1e-3\n")
        assert md5_of(file) == tracked["clip/scores.json"]
    assert cached("0" * 32) is None
    assert cached("") is None


def test_another_cache(project: Path, tmp_path: Path) -> None:
    config = project / ".dvc" / "config.local"
    (tmp_path / "files" / "md5" / "ab").mkdir(parents=True)
    (tmp_path / "files" / "md5" / "ab" / "cd").touch()
    config.write_text(f"[cache]\n    dir = {tmp_path}\n['remote \"far\"']\n    url = /far\n")
    try:
        assert cached("abcd") == tmp_path / "files" / "md5" / "ab" / "cd"
    finally:
        config.unlink()


def test_a_deleted_lock_takes_back_the_commits_before(project: Path) -> None:
    """As where it was committed by mistake."""
    git(project, "rm", "-q", "--cached", "dvc.lock")
    git(project, "commit", "-q", "-m", "no lock")
    assert [one.name for one in revisions()] == ["faster"]
    git(project, "add", "dvc.lock")
    git(project, "commit", "-q", "-m", "a lock again")
    assert [one.kind for one in revisions()] == ["experiment", "commit"]


def test_texts_of_several_objects(project: Path) -> None:
    (project / "words").write_bytes("é\n".encode() + b"\xff\n")
    git(project, "add", "words")
    git(project, "commit", "-q", "-m", "words")
    assert texts_at(["HEAD:./nothing", "HEAD:./words", "HEAD:./params.yaml"]) == ["", "é\n\ufffd\n", "rate: 1e-3\n"]


def test_no_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert revisions() == []
    assert texts_at(["HEAD:./params.yaml"]) == [""]
    assert cached("0" * 32) is None
    assert seconds_of_dvc(Path("out")) is None


def test_how_long_dvc_is_at_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".dvc/tmp").mkdir(parents=True)
    lock = tmp_path / ".dvc/tmp/rwlock"
    lock.write_text(f'{{"write": {{"{tmp_path}/out": {{"pid": {os.getpid()}, "cmd": "dvc repro"}}}}, "read": {{}}}}')
    seconds = seconds_of_dvc(Path("out"))
    assert seconds is not None and seconds > 0
    assert seconds_of_dvc(Path("other")) is None
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    lock.write_text(f'{{"write": {{"{tmp_path}/out": {{"pid": {ended.pid}}}}}}}')
    assert seconds_of_dvc(Path("out")) is None
    lock.write_text("{")
    assert seconds_of_dvc(Path("out")) is None
