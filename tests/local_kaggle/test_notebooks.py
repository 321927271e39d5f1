"""Datasets, notebooks and code submissions: the unmodified `kaggle` command line against the local Kaggle."""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler

from foldline.files.notebooks import can_cut_off
from foldline.kaggle.connection import local_environment
from foldline.local_kaggle.calls import SERVED
from foldline.local_kaggle.server import LocalKaggle
from tests.kaggle.parcels import CODE, DATASET, NOTEBOOK, write_parcel
from tests.kaggle.rehearsal import GOOD, GOOD_SCORE, SAMPLE, SLUG, write_competition

KAGGLE = Path(sys.executable).with_name("kaggle")


def kaggle(server: LocalKaggle, folder: Path, *words: str) -> str:
    """What `kaggle ...` prints; it must succeed, which the client calls many a failure."""
    environment = local_environment(os.environ, server.port, folder / "home") | {"TMPDIR": str(folder)}
    finished = subprocess.run(
        [KAGGLE, "-W", *words], env=environment, cwd=folder, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


def ended(server: LocalKaggle, folder: Path) -> str:
    """What is said of the notebook's session at its end."""
    while "RUNNING" in (said := kaggle(server, folder, "kernels", "status", NOTEBOOK)):
        pass
    return said


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LocalKaggle]:
    with LocalKaggle({SLUG: write_competition(tmp_path / "source")}, tmp_path / "memory") as server:
        yield server


def test_a_dataset_is_made_and_read_back_and_a_version_holds_what_was_sent_with_it(
    server: LocalKaggle, tmp_path: Path
) -> None:
    parcel = write_parcel(tmp_path / "w")
    (parcel / "kept").mkdir()
    (parcel / "kept" / "a.txt").write_text("a")
    assert "is being created" in kaggle(server, tmp_path, "datasets", "create", "-p", "w", "-r", "zip", "-q")
    assert "ready" in kaggle(server, tmp_path, "datasets", "status", DATASET)
    listed = kaggle(server, tmp_path, "datasets", "files", DATASET, "--csv")
    # As on Kaggle, a zip becomes a folder.
    assert {line.split(",")[0] for line in listed.splitlines()[1:]} == {
        "answers.csv",
        "infer.ipynb",
        "kept/a.txt",
        "model.bin",
        "SHA256SUMS",
    }
    assert f"model.bin,{256 * 100}," in listed
    kaggle(server, tmp_path, "datasets", "metadata", DATASET, "-p", "read")
    assert json.loads((tmp_path / "read" / "dataset-metadata.json").read_text())["info"]["title"] == "Cats weights"
    assert "already in use" in kaggle(server, tmp_path, "datasets", "create", "-p", "w", "-q")
    (parcel / "answers.csv").unlink()
    assert "is being created" in kaggle(server, tmp_path, "datasets", "version", "-p", "w", "-m", "fewer", "-q")
    assert "answers.csv" not in kaggle(server, tmp_path, "datasets", "files", DATASET, "--csv")
    kaggle(server, tmp_path, "datasets", "download", DATASET, "-f", "model.bin", "-p", "read")
    assert (tmp_path / "read" / "model.bin").read_bytes() == bytes(range(256)) * 100


def test_a_file_that_is_cut_off_is_resumed(tmp_path: Path) -> None:
    puts: list[str] = []

    @web.middleware
    async def cutting(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method != "PUT":
            return await handler(request)
        puts.append(request.headers.get("Content-Range", "all"))
        if len(puts) > 1:
            return await handler(request)
        request.app[SERVED].uploads[request.match_info["token"]].content += (await request.read())[:300]
        return web.Response(status=503)

    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "a.bin").write_bytes(bytes(range(256)) * 4)
    described = {"title": "Cut off", "id": "local/cut-off", "licenses": [{"name": "CC0-1.0"}]}
    (tmp_path / "w" / "dataset-metadata.json").write_text(json.dumps(described))
    with LocalKaggle({}, tmp_path / "memory", middlewares=[cutting]) as server:
        kaggle(server, tmp_path, "datasets", "create", "-p", "w")
    assert puts == ["all", "bytes */1024", "bytes 300-1023/1024"]
    (kept,) = (tmp_path / "memory").rglob("a.bin")
    assert kept.read_bytes() == bytes(range(256)) * 4


def test_a_notebook_runs_is_read_back_and_its_version_is_scored(server: LocalKaggle, tmp_path: Path) -> None:
    write_parcel(tmp_path / "w")
    kaggle(server, tmp_path, "datasets", "create", "-p", "w", "-q")
    pushed = kaggle(server, tmp_path, "kernels", "push", "-p", "w", "-t", "3600")
    assert "Kernel version 1 successfully pushed" in pushed
    assert "not valid" not in pushed
    assert "COMPLETE" in ended(server, tmp_path)
    kaggle(server, tmp_path, "kernels", "output", NOTEBOOK, "-p", "out")
    assert (tmp_path / "out" / "submission.csv").read_text() == GOOD
    assert (tmp_path / "out" / "more" / "notes.json").read_text() == '{"code": 500}'
    assert "answered" in (tmp_path / "out" / "cats-infer.log").read_text()
    kaggle(server, tmp_path, "kernels", "pull", NOTEBOOK, "-m", "-p", "pulled")
    read = json.loads((tmp_path / "pulled" / "kernel-metadata.json").read_text())
    assert (read["dataset_sources"], read["competition_sources"]) == ([DATASET], [SLUG])
    assert (read["is_private"], read["enable_internet"], read["enable_gpu"]) == (True, False, False)
    cells = json.loads((tmp_path / "pulled" / read["code_file"]).read_text())["cells"]
    assert [cell["source"] for cell in cells] == ["# Why", CODE]

    words = ("competitions", "submit", SLUG, "-k", NOTEBOOK, "-v", "1", "-m", "run", "-f")
    assert "Successfully submitted" in kaggle(server, tmp_path, *words, "submission.csv")
    while "PENDING" in (listed := kaggle(server, tmp_path, "competitions", "submissions", SLUG, "-v")):
        pass
    assert f"SubmissionStatus.COMPLETE,{GOOD_SCORE}," in listed
    with pytest.raises(AssertionError, match="or has no file 'other"):
        kaggle(server, tmp_path, *words, "other.csv")


def test_sources_that_are_not_there_are_left_out(server: LocalKaggle, tmp_path: Path) -> None:
    sources = {"dataset_sources": ["local/none-such"], "kernel_sources": [NOTEBOOK], "competition_sources": [SLUG]}
    write_parcel(tmp_path / "w", **sources)
    pushed = kaggle(server, tmp_path, "kernels", "push", "-p", "w")
    assert "dataset sources and could not be added to the kernel: ['local/none-such']" in pushed
    assert f"kernel sources and could not be added to the kernel: ['{NOTEBOOK}']" in pushed
    said = ended(server, tmp_path)
    assert "ERROR" in said
    assert "Notebook Threw Exception: FileNotFoundError" in said
    # The output of the version before is an input of the next.
    write_parcel(tmp_path / "w", code="import os; print(os.listdir(os.environ['FOLDLINE_KAGGLE_INPUT']))", **sources)
    assert "kernel sources" not in kaggle(server, tmp_path, "kernels", "push", "-p", "w")
    assert "COMPLETE" in ended(server, tmp_path)
    kaggle(server, tmp_path, "kernels", "output", NOTEBOOK, "-p", "out")
    assert "cats-infer" in (tmp_path / "out" / "cats-infer.log").read_text()


def test_a_session_ends_at_its_limit(server: LocalKaggle, tmp_path: Path) -> None:
    write_parcel(tmp_path / "w", code="import time; time.sleep(600)", dataset_sources=[])
    kaggle(server, tmp_path, "kernels", "push", "-p", "w", "-t", "1")
    assert "The session exceeded its 1 seconds" in ended(server, tmp_path)


def test_a_session_has_no_network_unless_it_asks(server: LocalKaggle, tmp_path: Path) -> None:
    if not can_cut_off():
        pytest.skip("this machine allows no network namespaces")
    asks = f"import socket; socket.create_connection(('127.0.0.1', {server.port}))"
    for has_network, outcome in (("false", "ERROR"), ("true", "COMPLETE")):
        write_parcel(tmp_path / "w", code=asks, dataset_sources=[], enable_internet=has_network)
        kaggle(server, tmp_path, "kernels", "push", "-p", "w")
        assert outcome in ended(server, tmp_path)


def test_the_next_server_begins_a_session_again_that_its_server_left(tmp_path: Path) -> None:
    folders = {SLUG: write_competition(tmp_path / "source")}
    wait = "import os, time; from pathlib import Path\n"
    wait += "begun = Path(os.environ['BEGUN']); begun.touch()\n"
    wait += "while not begun.with_name('go').exists(): time.sleep(0.05)"
    write_parcel(tmp_path / "w", code=wait, dataset_sources=[])
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("BEGUN", str(tmp_path / "begun"))
        with LocalKaggle(folders, tmp_path / "memory") as first:
            kaggle(first, tmp_path, "kernels", "push", "-p", "w")
            while not (tmp_path / "begun").exists():
                assert "RUNNING" in kaggle(first, tmp_path, "kernels", "status", NOTEBOOK)
        (tmp_path / "go").touch()
        with LocalKaggle(folders, tmp_path / "memory") as second:
            assert "COMPLETE" in ended(second, tmp_path)


def test_a_submission_is_scored_on_the_hidden_files(tmp_path: Path) -> None:
    source = write_competition(tmp_path / "source")
    with zipfile.ZipFile(source / "all.zip", "w") as archive:
        archive.writestr("sample_submission.csv", GOOD)
    (source / "hidden").mkdir()
    (source / "all.zip").rename(source / "hidden" / "all.zip")
    copies = CODE.replace('"cats-weights" / "answers.csv"', f'"{SLUG}" / "sample_submission.csv"')
    write_parcel(tmp_path / "w", code=copies, dataset_sources=[])
    with LocalKaggle({SLUG: source}, tmp_path / "memory") as server:
        kaggle(server, tmp_path, "kernels", "push", "-p", "w")
        assert "COMPLETE" in ended(server, tmp_path)
        kaggle(server, tmp_path, "kernels", "output", NOTEBOOK, "-p", "out")
        assert (tmp_path / "out" / "submission.csv").read_text() == SAMPLE
        submit = ("competitions", "submit", SLUG, "-k", NOTEBOOK, "-v", "1", "-f", "submission.csv", "-m", "run")
        kaggle(server, tmp_path, *submit)
        while "PENDING" in (listed := kaggle(server, tmp_path, "competitions", "submissions", SLUG, "-v")):
            pass
    assert f"SubmissionStatus.COMPLETE,{GOOD_SCORE}," in listed
