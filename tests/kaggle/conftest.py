from collections.abc import Iterator
from pathlib import Path

import pytest

from foldline.kaggle.client import Kaggle
from tests.kaggle.faults import Faults, FaultyKaggle
from tests.kaggle.rehearsal import GOOD, SLUG, reached, write_competition


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FaultyKaggle, Kaggle]]:
    """One server and one client process for the tests of a file: starting the client takes a second."""
    folder = tmp_path_factory.mktemp("served")
    server = FaultyKaggle({SLUG: write_competition(folder / "source")}, folder / "memory")
    with server, reached(server, folder / "home") as kaggle:
        yield server, kaggle


@pytest.fixture
def server(served: tuple[FaultyKaggle, Kaggle]) -> FaultyKaggle:
    """Without faults and without submissions."""
    server = served[0]
    vars(server.faults).update(vars(Faults()))
    server.sends = server.creates = server.held = 0
    for path in server.competitions[SLUG].submissions.folder.glob("*.json"):
        path.unlink()
    return server


@pytest.fixture
def kaggle(server: FaultyKaggle, served: tuple[FaultyKaggle, Kaggle]) -> Kaggle:
    # A client's first call of all asks about its token, and would meet the fault that a test sets for its own call.
    served[1].competitions("")
    return served[1]


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "submission.csv"
    path.write_text(GOOD)
    return path
