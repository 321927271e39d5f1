"""For every test: no network look-ups at import, no accelerators, one thread per process, nobody's home; and files in
zips."""

import atexit
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import hypothesis
import jaxtyping
import pytest

from foldline.archive.archives import Archives
from foldline.ensembling import intervals
from tests.fault_outcomes import outcome as outcome
from tests.fault_outcomes import print_table

os.environ.update(NO_ALBUMENTATIONS_UPDATE="1", HF_HUB_OFFLINE="1", CUDA_VISIBLE_DEVICES="", OMP_NUM_THREADS="1")
# Neither the person's account, nor what the person's submissions left.
for variable in [name for name in os.environ if name.startswith(("KAGGLE_", "FOLDLINE_", "XDG_"))]:
    del os.environ[variable]
os.environ["HOME"] = tempfile.mkdtemp(prefix="foldline-home-")
atexit.register(shutil.rmtree, os.environ["HOME"], ignore_errors=True)
# The same examples in every run, however long a busy machine takes for one.
hypothesis.settings.register_profile("foldline", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("foldline")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    print_table(terminalreporter)


@pytest.fixture(autouse=True)
def _shapes_are_checked_but_in_many_draws(request: pytest.FixtureRequest) -> Iterator[None]:
    """Millions of calls take three times as long with their shapes looked at; other tests call the same functions."""
    jaxtyping.config.update("jaxtyping_disable", request.node.get_closest_marker("many_draws") is not None)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.fixture(autouse=True)
def _intervals_take_a_tenth_of_their_draws(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """But where they are the point: else they take half of the time of what fits anything."""
    if request.node.get_closest_marker("many_draws") is None:
        monkeypatch.setattr(intervals, "DRAWS", 100)


Own = Callable[[str], None]


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Own:
    """A function that writes own.py next to the cards of an empty working folder, with pandas imported."""
    monkeypatch.chdir(tmp_path)

    def write(text: str) -> None:
        file = tmp_path / "pipelines" / "competitions" / "own.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"import pandas as pd\n{text}\n")

    return write


Zipped = Callable[[Mapping[str, str | bytes]], Archives]


@pytest.fixture
def zipped(tmp_path: Path) -> Iterator[Zipped]:
    """A function from members (path: content) to the archives of a folder that holds them in one zip."""
    opened: list[Archives] = []

    def make(members: Mapping[str, str | bytes]) -> Archives:
        with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
            for path, content in members.items():
                archive.writestr(path, content)
        opened.append(Archives(tmp_path, ["all.zip"]))
        return opened[-1]

    yield make
    for archives in opened:
        archives.close()
