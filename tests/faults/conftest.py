"""A whole run of a drawn competition, on which faults are injected: two folds of two short epochs."""

import shutil
from pathlib import Path

import pytest

from tests.end_to_end.checkout import copy_set_to_shapes, run


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of `dvc repro`: nobody changes it."""
    competition = tmp_path_factory.mktemp("shapes")
    folder = copy_set_to_shapes(tmp_path_factory.mktemp("finished") / "checkout", competition, workers=2)
    ended = run(folder, "dvc", "repro")
    assert ended.returncode == 0, ended.stdout
    return folder


@pytest.fixture
def checkout(finished_run: Path, tmp_path: Path) -> Path:
    """A copy of it, links of DVC's as links, to be killed in."""
    return shutil.copytree(finished_run, tmp_path / "checkout", symlinks=True)
