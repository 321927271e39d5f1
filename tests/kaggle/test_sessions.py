"""What is not there, or not ours, as the real client shows it; and a session that has not ended, or not well."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from foldline.files.refusal import Refusal
from foldline.kaggle.client import CallFailed, Kaggle
from foldline.kaggle.sessions import fetch
from foldline.local_kaggle.server import METHODS, LocalKaggle
from tests.kaggle.parcels import NOTEBOOK, USER, write_parcel
from tests.kaggle.rehearsal import SLUG, reached, write_competition

NONE = {"owner": USER, "slug": "none-such"}
OTHERS = {"owner": "someone", "slug": "theirs"}
SUBMISSION = {"competition": SLUG, "version": 1, "file": "submission.csv", "message": "run"}


@pytest.fixture(scope="module")
def kaggle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kaggle]:
    folder = tmp_path_factory.mktemp("kaggle")
    server = LocalKaggle({SLUG: write_competition(folder / "source")}, folder / "memory")
    with server, reached(server, folder / "home") as kaggle:
        yield kaggle


ABSENT: list[tuple[str, dict[str, Any]]] = [
    ("dataset_status", {}),
    ("dataset_files", {}),
    ("dataset_text", {"name": "SHA256SUMS"}),
    ("create_dataset_version", {"notes": "run", "tokens": []}),
    ("notebook", {}),
    ("session", {}),
    ("session_files", {}),
    ("session_log", {}),
    ("submit_notebook", SUBMISSION),
]


@pytest.mark.parametrize(("call", "more"), ABSENT, ids=[call for call, _ in ABSENT])
def test_what_is_not_there_is_a_404(kaggle: Kaggle, call: str, more: dict[str, Any], tmp_path: Path) -> None:
    where = {"folder": str(tmp_path)} if "folder" in more else {}
    with pytest.raises(CallFailed) as failed:
        kaggle.call(call, {**NONE, **more, **where}, 60.0)
    assert (failed.value.kind, failed.value.status) == ("http", 404)


def test_what_is_somebody_elses_is_a_403(kaggle: Kaggle, tmp_path: Path) -> None:
    about = {"title": "Theirs", "license_name": "other", "tokens": []}
    parcel = write_parcel(tmp_path / "w", id="someone/theirs")
    for call, fields in (
        ("create_dataset", {**OTHERS, **about}),
        ("push_notebook", {"folder": str(parcel), "seconds": 60}),
    ):
        with pytest.raises(CallFailed) as failed:
            kaggle.call(call, fields, 60.0)
        assert (failed.value.kind, failed.value.status) == ("http", 403)


def test_no_notebook_to_fetch_from(kaggle: Kaggle, tmp_path: Path) -> None:
    said = rf"Kaggle shows you no notebook `{USER}/none-such`\. Kaggle answered 404: .* OWNER/NAME.* Or name a folder"
    with pytest.raises(Refusal, match=said):
        fetch(kaggle, f"{USER}/none-such", tmp_path)


def pushed(kaggle: Kaggle, folder: Path, code: str) -> None:
    parcel = write_parcel(folder / "w", code, dataset_sources=[])
    kaggle.call("push_notebook", {"folder": str(parcel), "seconds": 600}, 60.0)


def test_a_session_that_has_not_ended_and_one_that_failed(kaggle: Kaggle, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    go = tmp_path / "go"
    waits = f"import time\nfrom pathlib import Path\nwhile not Path({str(go)!r}).exists(): time.sleep(0.05)\n"
    pushed(kaggle, tmp_path, f"{waits}print('as far as here')\n1 / 0")
    with pytest.raises(
        Refusal, match=rf"{NOTEBOOK}: its session has not ended yet \(running\), .* again once it has\."
    ):
        fetch(kaggle, NOTEBOOK, tmp_path / "out")
    go.touch()
    while kaggle.read("session", owner=USER, slug=NOTEBOOK.partition("/")[2])["status"] == "RUNNING":
        pass
    with pytest.raises(
        Refusal, match=r"(?s)ended as ERROR.*as far as here.*Nothing was taken home\. Push the notebook"
    ):
        fetch(kaggle, NOTEBOOK, tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


def test_what_a_session_left_is_fetched_once_it_has_ended_well(kaggle: Kaggle, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    # It runs in the folder that becomes its output.
    pushed(
        kaggle, tmp_path, "import os; os.makedirs('b/c'); open('a.txt', 'w').write('a'); open('b/c/d', 'w').write('d')"
    )
    while kaggle.read("session", owner=USER, slug=NOTEBOOK.partition("/")[2])["status"] == "RUNNING":
        pass
    fetch(kaggle, NOTEBOOK, tmp_path / "out")
    assert (tmp_path / "out" / "a.txt").read_text() == "a"
    assert (tmp_path / "out" / "b" / "c" / "d").read_text() == "d"


LEFT = {
    "../x": ("", "has a file of the name '../x'. Nothing is written outside of a folder"),
    "/x": ("", "has a file of the name '/x'"),
    "x": ("stored/none-such", "storage of files refused a link .*404"),
}


@pytest.mark.parametrize("name", LEFT)
def test_a_session_s_files_stay_in_the_folder_and_an_error_is_none_of_them(
    name: str, kaggle: Kaggle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link, said = LEFT[name]
    monkeypatch.setitem(METHODS, "GetKernelSessionStatus", lambda call: web.json_response({"status": "COMPLETE"}))
    monkeypatch.setitem(
        METHODS,
        "ListKernelSessionOutput",
        lambda call: web.json_response({"files": [{"fileName": name, "url": f"{call.origin}/{link}"}]}),
    )
    with pytest.raises(Refusal, match=said):
        fetch(kaggle, NOTEBOOK, tmp_path)
    assert not [path for path in tmp_path.rglob("*") if path.read_bytes()]
