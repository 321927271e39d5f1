"""The stages in a folder of their own, and the server in the foreground, as a person starts them."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from foldline.archive.archives import read_manifest
from foldline.files.places import Places
from foldline.files.refusal import Refusal
from foldline.kaggle.connection import source_folder
from tests.kaggle.rehearsal import GOOD, GOOD_SCORE, SLUG, write_competition

ROOT = Path(__file__).parents[2]
CARD = "slug: {slug}\nhost: {host}\n"


def stage(folder: Path, name: str, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KAGGLE_")}
    return subprocess.run(
        [sys.executable, "-m", f"pipelines.{name}", *words],
        cwd=folder,
        env=environment | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"} | variables,
        capture_output=True,
        text=True,
    )


def write_experiment(folder: Path, host: str) -> None:
    (folder / "params.yaml").write_text(f"competition: {SLUG}\nsubmit: {{message: words, wait_seconds: 10}}\n")
    cards = folder / "pipelines" / "competitions"
    cards.mkdir(parents=True)
    (cards / f"{SLUG}.yaml").write_text(CARD.format(slug=SLUG, host=host))


def test_download_and_submit_on_own_data(tmp_path: Path) -> None:
    write_experiment(tmp_path, "{kind: local, source: mine}")
    write_competition(tmp_path / "mine")
    downloaded = stage(tmp_path, "download")
    assert downloaded.returncode == 0, downloaded.stderr
    assert [file.name for file in read_manifest(tmp_path / "input" / SLUG / "manifest.json").files] == [f"{SLUG}.zip"]

    submission = tmp_path / "submissions" / SLUG / "submission.csv"
    submission.parent.mkdir(parents=True)
    submission.write_text(GOOD)
    first = stage(tmp_path, "submit")
    assert "uploaded (run " in first.stdout, first.stderr
    receipt = submission.with_name("receipt.json").read_bytes()
    assert json.loads(receipt)["public_score"] == GOOD_SCORE
    # DVC deletes a stage's outs before it runs it.
    submission.with_name("receipt.json").unlink()
    assert "was uploaded before" in stage(tmp_path, "submit").stdout
    assert submission.with_name("receipt.json").read_bytes() == receipt


def test_no_token_no_download(tmp_path: Path) -> None:
    write_experiment(tmp_path, "{kind: kaggle}")
    # Without a token nothing is sent; the proxy makes sure of it.
    nowhere = {"HOME": str(tmp_path), "https_proxy": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"}
    refused = stage(tmp_path, "download", **nowhere)
    assert refused.returncode == 1
    assert refused.stderr.startswith("error: Kaggle needs a token, and there is none. Make one"), refused.stderr
    assert refused.stderr.count("\n") == 1
    assert not list((tmp_path / "input").iterdir())


def test_own_files_need_no_host(tmp_path: Path) -> None:
    write_experiment(tmp_path, "{kind: kaggle}")
    (tmp_path / "labels.csv").write_text("id,label\n")
    taken = stage(tmp_path, "download", "--from", "labels.csv")
    assert taken.returncode == 0, taken.stderr
    assert (tmp_path / "input" / SLUG / "labels.csv").exists()


def test_the_foreground_server_prints_its_environment_and_ends_cleanly(tmp_path: Path) -> None:
    write_competition(tmp_path / SLUG)
    server = subprocess.Popen(
        [sys.executable, "-m", "pipelines.local_kaggle", "--folder", SLUG],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    lines = []
    while not lines or not lines[-1].startswith("# Then: "):
        lines.append(server.stdout.readline())
        assert lines[-1], server.communicate()[1]
    exports = "".join(line for line in lines if line.startswith("export "))
    by_hand = f"{exports}\n{Path(sys.executable).with_name('kaggle')} competitions files {SLUG}"
    listed = subprocess.run(["sh", "-c", by_hand], cwd=tmp_path, capture_output=True, text=True)
    server.send_signal(signal.SIGINT)
    _, said = server.communicate()
    assert "train/a.png" in listed.stdout, listed.stderr
    assert (server.returncode, said.startswith("interrupted")) == (130, True)


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    write_competition(tmp_path / SLUG)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = stage(tmp_path, "local_kaggle", "--folder", SLUG, "--port", str(port))
    assert refused.returncode == 1
    assert f"error: the port {port} cannot be used" in refused.stderr


def test_a_source_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"no competition 'none'. Built-in: digits; or name a folder"):
        source_folder("none", Places(SLUG, tmp_path))
