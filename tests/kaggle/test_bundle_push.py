"""The command, as a person starts it and a kill ends it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from foldline.kaggle.ledger import read_ledger
from tests.kaggle.parcels import CODE, write_parcel
from tests.kaggle.rehearsal import GOOD_SCORE, write_competition
from tests.kaggle.test_stages import ROOT, stage, write_experiment


def sessions_of(folder: Path) -> list[psutil.Process]:
    """Processes that know the folder by their words: the session's, and that of its notebook."""
    return [
        one for one in psutil.process_iter(["cmdline"]) if str(folder / "work") in " ".join(one.info["cmdline"] or [])
    ]


def test_killed_while_its_session_runs_it_leaves_nobody_and_goes_on(tmp_path: Path) -> None:
    write_experiment(tmp_path, "{kind: local, source: mine}")
    write_competition(tmp_path / "mine")
    waits = f"import time\nfrom pathlib import Path\nfolder = Path({str(tmp_path)!r})\n(folder / 'begun').touch()\n"
    waits += "while not (folder / 'go').exists(): time.sleep(0.05)\n"
    write_parcel(tmp_path / "w", code=waits + CODE)
    command = subprocess.Popen(
        [sys.executable, "-m", "pipelines.bundle_push", "w"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
        stderr=subprocess.PIPE,
    )
    while not (tmp_path / "begun").exists():
        assert command.poll() is None, command.communicate()[1]
        time.sleep(0.05)
    assert len(sessions_of(tmp_path)) == 2
    command.send_signal(signal.SIGKILL)
    command.wait()
    while sessions_of(tmp_path):
        time.sleep(0.05)
    (tmp_path / "go").touch()

    pushed = stage(tmp_path, "bundle_push", "w", "--json")
    assert pushed.returncode == 0, pushed.stderr
    answer = json.loads(pushed.stdout)
    assert (answer["version"], answer["public_score"], answer["new"]) == (1, GOOD_SCORE, True)
    again = stage(tmp_path, "bundle_push", "w")
    assert f"was made before (run {answer['run_id']})\npublic score: {GOOD_SCORE}" in again.stdout
    ledger = read_ledger(tmp_path / "submissions" / "ledger.csv")
    assert [line.event for line in ledger] == ["intended", "submitted", "scored"]
    (version,) = (tmp_path / "work/local-kaggle/datasets/local/cats-weights").glob("[0-9]*")
    assert {file.name for file in (version / "files").iterdir()} == {"answers.csv", "model.bin", "SHA256SUMS"}
