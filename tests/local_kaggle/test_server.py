"""The unmodified `kaggle` command line against the local Kaggle."""

import csv
import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import requests

from foldline.kaggle.connection import local_environment
from foldline.local_kaggle.server import LocalKaggle
from tests.kaggle.rehearsal import GOOD, GOOD_SCORE, SAMPLE, SLUG

KAGGLE = Path(sys.executable).with_name("kaggle")


def command(server: LocalKaggle, folder: Path, *words: str) -> str:
    """What `kaggle competitions ...` prints on standard output; it must succeed."""
    finished = subprocess.run(
        [KAGGLE, "-W", "competitions", *words],
        env=local_environment(os.environ, server.port, folder / "home"),
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


def test_files_are_listed_and_downloaded_whole(server: LocalKaggle, tmp_path: Path) -> None:
    assert SLUG in command(server, tmp_path, "list", "-s", "cats")
    files = list(csv.DictReader(io.StringIO(command(server, tmp_path, "files", SLUG, "-v"))))
    assert {file["name"]: file["size"] for file in files} == {
        "labels.csv": "15",
        "sample_submission.csv": str(len(SAMPLE)),
        "train/a.png": "512000",
    }
    command(server, tmp_path, "download", SLUG)
    with zipfile.ZipFile(tmp_path / f"{SLUG}.zip") as archive:
        assert archive.testzip() is None
        assert archive.read("train/a.png") == bytes(range(256)) * 2000
    command(server, tmp_path, "download", SLUG, "-f", "labels.csv")
    assert (tmp_path / "labels.csv").read_text() == "id,label\na,cat\n"


def test_a_submission_is_scored_listed_and_ranked(server: LocalKaggle, tmp_path: Path) -> None:
    (tmp_path / "submission.csv").write_text(GOOD)
    assert "Successfully submitted" in command(
        server, tmp_path, "submit", SLUG, "-f", "submission.csv", "-m", "a, b\nand c"
    )
    printed = command(server, tmp_path, "submissions", SLUG, "--format", "json")
    (line,) = json.loads(printed[printed.index("[") :])
    assert (line["publicScore"], line["privateScore"], line["description"]) == (GOOD_SCORE, "", "a, b\nand c")
    assert f",SubmissionStatus.COMPLETE,{GOOD_SCORE}," in command(server, tmp_path, "submissions", SLUG, "-v")
    assert GOOD_SCORE in command(server, tmp_path, "leaderboard", SLUG, "-s")
    command(server, tmp_path, "leaderboard", SLUG, "-d")
    with zipfile.ZipFile(tmp_path / f"{SLUG}.zip") as archive:
        assert GOOD_SCORE in archive.read(f"{SLUG}-publicleaderboard.csv").decode()
    assert json.loads(command(server, tmp_path, "submission-limits", SLUG, "--json"))["numAllowedNow"] == 4


@pytest.mark.parametrize("prefix", ["/v1", "/api/v1"])
def test_both_prefixes_and_bare_credentials(server: LocalKaggle, prefix: str) -> None:
    address = f"http://127.0.0.1:{server.port}{prefix}/competitions.CompetitionApiService/ListDataFiles"
    assert requests.post(address, json={"competitionName": SLUG}).status_code == 401
    reply = requests.post(address, json={"competitionName": SLUG, "pageSize": 2}, auth=("someone", "key"))
    assert [file["name"] for file in reply.json()["files"]] == ["labels.csv", "sample_submission.csv"]
    following = {"competitionName": SLUG, "pageSize": 2, "pageToken": reply.json()["nextPageToken"]}
    rest = requests.post(address, json=following, auth=("someone", "key")).json()
    assert ([file["name"] for file in rest["files"]], rest["nextPageToken"]) == (["train/a.png"], "")


def test_only_this_machine_is_served(server: LocalKaggle) -> None:
    assert server._runner is not None
    assert server._runner.addresses == [("127.0.0.1", server.port)]


def archive_of(server: LocalKaggle, **headers: str) -> requests.Response:
    return requests.get(f"http://127.0.0.1:{server.port}/blob/{SLUG}/archive/archive.zip?sig=1", headers=headers)


def test_whole_and_from_a_byte_on(server: LocalKaggle) -> None:
    content = server.competitions[SLUG].archive.read_bytes()
    whole = archive_of(server)
    assert (whole.status_code, whole.content, whole.headers["Accept-Ranges"]) == (200, content, "bytes")
    rest = archive_of(server, **{"Range": "bytes=511990-", "If-Range": whole.headers["Last-Modified"]})
    assert (rest.status_code, rest.content) == (206, content[511990:])
    assert rest.headers["Content-Range"] == f"bytes 511990-{len(content) - 1}/{len(content)}"
    assert archive_of(server, Range="bytes=0-").content == content


def test_another_file_s_bytes_are_not_continued(server: LocalKaggle) -> None:
    changed = archive_of(server, **{"Range": "bytes=100-", "If-Range": "Thu, 01 Jan 1970 00:00:00 GMT"})
    assert (changed.status_code, changed.content) == (200, server.competitions[SLUG].archive.read_bytes())


def test_past_the_end(server: LocalKaggle) -> None:
    assert archive_of(server, Range="bytes=5120000-").status_code == 416


def test_no_such_file(server: LocalKaggle) -> None:
    address = f"http://127.0.0.1:{server.port}/blob/{SLUG}/member/none.png"
    assert requests.get(address).status_code == 404
