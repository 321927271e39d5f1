"""A whole run of a drawn competition, on which faults are injected: two folds of two short epochs."""

import shutil
from pathlib import Path

import pytest
import yaml

from tests.end_to_end.checkout import commit, copy_checkout, run
from tests.end_to_end.shapes import CARD, draw_competition


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of `dvc repro`: nobody changes it."""
    folder = copy_checkout(tmp_path_factory.mktemp("finished") / "checkout")
    competition = tmp_path_factory.mktemp("shapes")
    draw_competition(competition)
    (folder / "pipelines/competitions/shapes.yaml").write_text(CARD.format(source=competition))
    params = yaml.safe_load((folder / "params.yaml").read_text())
    params |= {"competition": "shapes", "folds": [0, 1]}
    params["split"]["count"] = 2
    params["train"] |= {"epochs": 2, "batch_size": 16, "micro_batch_size": 16, "workers": 2}
    params["predict"] |= {"views": ["identity", "horizontal_flip"], "workers": 2}
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    commit(folder, "shapes")
    ended = run(folder, "dvc", "repro")
    assert ended.returncode == 0, ended.stdout
    return folder


@pytest.fixture
def checkout(finished_run: Path, tmp_path: Path) -> Path:
    """A copy of it, links of DVC's as links, to be killed in."""
    return shutil.copytree(finished_run, tmp_path / "checkout", symlinks=True)
