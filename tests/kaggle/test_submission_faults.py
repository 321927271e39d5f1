"""The worst cases of the model with the real client: answers, lags and kills at each step; and whole stages."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from foldline.files.refusal import Refusal
from foldline.kaggle import decisions, guard, protocol
from foldline.kaggle.client import CallFailed, Kaggle
from foldline.kaggle.guard import Upload, plan_upload, submit_once
from foldline.kaggle.journal import Journal
from foldline.kaggle.ledger import read_ledger
from tests.kaggle.clones import start
from tests.kaggle.faults import FaultyKaggle
from tests.kaggle.rehearsal import GOOD, GOOD_SCORE, SLUG, write_competition
from tests.kaggle.test_stages import ROOT, stage, write_experiment

pytestmark = pytest.mark.faults

Count = Callable[[str, str], None]


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (protocol, guard):
        monkeypatch.setattr(module, "FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(decisions, "PATIENCE_SECONDS", 0.03)


class Case:
    """A csv, its journal and its ledger; Kaggle has one earlier submission, of another csv."""

    def __init__(self, server: FaultyKaggle, kaggle: Kaggle, folder: Path) -> None:
        self.server, self.kaggle, self.ledger, self.journal = (
            server,
            kaggle,
            folder / "l.csv",
            Journal(folder / "state"),
        )
        other, own = folder / "other.csv", folder / "submission.csv"
        other.write_text(GOOD.replace("0.8", "0.6").replace("0.2", "0.4"))
        own.write_text(GOOD)
        kaggle.create(SLUG, kaggle.upload(SLUG, other), "by hand")
        self.upload: Upload = plan_upload(SLUG, own, "words", "log_loss", 0.25)
        server.creates = 0

    def run(self, is_forced: bool = False) -> int | None:
        """The ref of the submission; None when its outcome is unknown, and said to be."""
        try:
            placed = submit_once(self.kaggle, self.upload, self.journal, self.ledger, is_forced)
            return placed.submission.ref
        except Refusal as refusal:
            assert "is unknown" in str(refusal)
            assert self.upload.run_id in str(refusal)
            return None

    @property
    def refs(self) -> list[int]:
        return [one.ref for one in self.server.submissions() if one.description.startswith(self.upload.run_id)]


@pytest.fixture
def case(server: FaultyKaggle, kaggle: Kaggle, tmp_path: Path) -> Case:
    return Case(server, kaggle, tmp_path)


ANSWERS: dict[str, dict[str, Any]] = {
    **{
        str(status): {"answer_to_create": (status, {"code": status, "message": "trouble"})}
        for status in (402, 405, 408, 409, 418, 425, 429, 499, 500, 502, 503, 504, 520)
    },
    "an error in a success": {"answer_to_create": (200, {"code": 503, "message": "trouble"})},
    "no number": {"answer_to_create": (200, {"message": "Successfully submitted"})},
    "a strange number": {"answer_to_create": (200, {"message": "Successfully submitted", "ref": "soon"})},
    "a list": {"answer_to_create": (200, [])},
    "cut off": {"refused_connection": True},
}
LATE = {
    "prompt": {},
    "listed late": {"hidden_submissions": 1},
    "all late": {"hidden_submissions": 1, "hidden_counts": 1},
}


@pytest.mark.parametrize(("answer", "late"), list(product(ANSWERS, LATE)))
def test_counted_and_the_answer_is_none(case: Case, answer: str, late: str, outcome: Count) -> None:
    """However often it is tried meanwhile, it is there once; and found as soon as it is listed."""
    vars(case.server.faults).update(ANSWERS[answer] | LATE[late])
    met = [case.run(), case.run()]
    assert (case.server.creates, set(met)) == (1, set(case.refs) if late == "prompt" else {None})
    vars(case.server.faults).update({"hidden_submissions": 0, "hidden_counts": 0})
    assert [case.run()] == case.refs
    assert [line.event for line in read_ledger(case.ledger)] == ["intended", "submitted"]
    outcome("submissions: counted, and the answer lost or wrong", "survived" if late == "prompt" else "healed")


@pytest.mark.parametrize("answer", ANSWERS)
def test_not_counted_and_the_answer_is_none(
    case: Case, answer: str, outcome: Count, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stays unknown, until both witnesses deny it long after; then it is uploaded, once."""
    vars(case.server.faults).update(ANSWERS[answer] | {"is_create_counted": False})
    assert case.run() is None
    vars(case.server.faults).update({"answer_to_create": None, "refused_connection": False, "is_create_counted": True})
    assert case.run() is None
    assert case.refs == []
    monkeypatch.setattr(decisions, "settled_seconds", lambda past: 0.0)
    assert [case.run(), case.run()] == case.refs * 2
    assert len(case.refs) == 1
    outcome("submissions: not counted, and the answer lost or wrong", "refused")


@pytest.mark.parametrize("status", decisions.CLEAR_REFUSALS)
def test_a_clear_refusal(case: Case, status: int, outcome: Count) -> None:
    case.server.faults.answer_to_create = (status, {"code": status, "message": "no"})
    case.server.faults.is_create_counted = False
    with pytest.raises(CallFailed, match="no"):
        case.run()
    vars(case.server.faults).update({"answer_to_create": None, "is_create_counted": True})
    assert [case.run()] == case.refs
    outcome("submissions: refused by Kaggle", "refused")


DESCRIPTIONS = {
    "cut short": lambda text: text[:15],
    "cut in the id": lambda text: text[:9] + "…",
    "capitals": str.upper,
    "wide letters": lambda text: "".join(
        chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in text
    ),
    "space around": lambda text: f" \u00a0{text}\n",
}


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_a_description_that_comes_back_otherwise(case: Case, name: str, outcome: Count) -> None:
    def change(shown: dict[str, Any]) -> dict[str, Any]:
        return shown | {"description": DESCRIPTIONS[name](shown["description"])}

    vars(case.server.faults).update(ANSWERS["503"] | {"change_listed": change})
    assert [case.run(), case.run()] == case.refs * 2
    assert case.server.creates == 1
    outcome("submissions: a changed description", "survived")


STATUSES = ("RESCORING", "", None, 7, ["COMPLETE"], {"a": 1}, "SUBMISSION_STATUS_UNSPECIFIED")


@pytest.mark.parametrize("status", STATUSES, ids=repr)
def test_a_listed_submission_that_nobody_understands(case: Case, status: object, outcome: Count) -> None:
    strange = {"status": status, "date": "yesterday", "totalBytes": "many", "publicScore": None, "teamName": {}}
    case.server.faults.change_listed = lambda shown: shown | strange
    assert [case.run(), case.run()] == case.refs * 2
    outcome("submissions: a listed one of an unknown status", "survived")


KILLS = {
    "it asks where to send": ("before StartSubmissionUpload", 0),
    "it sends": ("after PUT", 0),
    "it asks for the submission": ("before CreateSubmission", 0),
    "the submission is made": ("after CreateSubmission", 1),
}


@pytest.mark.parametrize(("place", "late"), list(product(KILLS, LATE)))
def test_killed_while(case: Case, place: str, late: str, outcome: Count, monkeypatch: pytest.MonkeyPatch) -> None:
    """By SIGKILL, and its client dies with it."""
    where, made = KILLS[place]
    case.server.faults.held = where
    killed(case)
    assert case.server.creates == made
    vars(case.server.faults).update({"held": ""} | (LATE[late] if made else {}))
    began = "CreateSubmission" in where
    met = case.run()
    assert (met is None) == (began and not (made and late == "prompt"))
    vars(case.server.faults).update({"hidden_submissions": 0, "hidden_counts": 0})
    if began and not made:
        assert case.run() is None
        monkeypatch.setattr(decisions, "settled_seconds", lambda past: 0.0)
    assert [case.run()] == case.refs
    assert case.server.creates == 1
    outcome("submissions: killed at each step", "refused" if began and not made else "healed")


def killed(case: Case) -> None:
    """A process of its own, as soon as its call is held; it ends when its client has ended, too."""
    process = start(case.server, case.upload, case.journal, case.ledger)
    while not case.server.held:
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()


def test_killed_and_done_later(case: Case, outcome: Count) -> None:
    """What was asked for is done when nobody is there any more, and after a rerun looked for it."""
    case.server.faults.creates_later = True
    killed(case)
    case.server.faults.creates_later = False
    assert case.run() is None
    case.server.create_now()
    assert [case.run()] == case.refs
    assert case.server.creates == 1
    outcome("submissions: killed, and done later", "healed")


@pytest.mark.parametrize("answer", ["200", "503", "cut off"])
def test_clones_at_once(case: Case, answer: str, outcome: Count, tmp_path: Path) -> None:
    vars(case.server.faults).update(ANSWERS.get(answer, {}) | LATE["all late"])
    clones = [
        start(case.server, case.upload, case.journal, tmp_path / f"clone{number}" / "ledger.csv") for number in range(4)
    ]
    assert len([clone.communicate() for clone in clones]) == 4
    assert case.server.creates == 1
    vars(case.server.faults).update({"hidden_submissions": 0})
    assert [case.run()] == case.refs
    outcome("submissions: four clones at once", "survived" if answer == "200" else "healed")


CLIENT = """
import os
from kagglesdk import kaggle_env
kaggle_env._env_to_endpoint[kaggle_env.KaggleEnv.PROD] = os.environ["THEIR_PORT"]
"""
"""Where kaggle.com is, to Python itself: the stage, its client and all that they read are as ever."""


@pytest.fixture
def folder(server: FaultyKaggle, tmp_path: Path) -> Iterator[Path]:
    """Of an experiment at kaggle.com, with a csv."""
    write_experiment(tmp_path, "{kind: kaggle}")
    (tmp_path / "python").mkdir()
    (tmp_path / "python" / "sitecustomize.py").write_text(CLIENT)
    submission = tmp_path / "submissions" / SLUG / "submission.csv"
    submission.parent.mkdir(parents=True)
    submission.write_text(GOOD)
    yield tmp_path


def run_stage(server: FaultyKaggle, folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    own = {
        "PYTHONPATH": f"{folder / 'python'}:{ROOT / 'src'}:{ROOT}",
        "HOME": str(folder / "home"),
        "KAGGLE_API_TOKEN": "local\n",
        "THEIR_PORT": f"http://127.0.0.1:{server.port}",
    }
    return stage(folder, "submit", *words, **own | variables)


def test_the_stage_itself(server: FaultyKaggle, folder: Path, outcome: Count) -> None:
    """A lost answer; then again; then from another clone; with a lost ledger; and with a damaged journal."""
    server.faults.refused_connection = True
    first, run = run_stage(server, folder), plan_upload(SLUG, csv(folder), "", None, None).run_id
    assert f" uploaded (run {run})" in first.stdout, first.stderr
    assert GOOD_SCORE in (folder / "submissions" / SLUG / "receipt.json").read_text()
    assert "was uploaded before" in run_stage(server, folder).stdout
    (folder / "submissions" / "ledger.csv").unlink()
    assert "was uploaded before" in run_stage(server, folder, "--force").stdout
    (journal,) = (folder / "home/.local/state/foldline").rglob("journal.jsonl")
    assert journal.parent.relative_to(folder / "home/.local/state/foldline").parts == ("local", SLUG)
    journal.write_bytes(journal.read_bytes().replace(b"creating", b"creatinh"))
    damaged = run_stage(server, folder)
    assert (damaged.returncode, "is damaged" in damaged.stderr) == (1, True)
    assert server.creates == 1
    outcome("submissions: the whole stage", "survived")


def csv(folder: Path) -> Path:
    return folder / "submissions" / SLUG / "submission.csv"


@pytest.mark.parametrize("token", ["s3cret-token\n", "s3cret\ntoken", "“s3cret-token”", "\ufeffs3cret-token"])
def test_no_word_of_the_stage_shows_a_token(server: FaultyKaggle, folder: Path, token: str, outcome: Count) -> None:
    """Not with --json, nor in what the client prints, nor when Kaggle repeats it."""
    echo = {"code": 400, "message": f"I do not like {token.strip()} at all"}
    vars(server.faults).update({"answer_to_create": (400, echo), "is_create_counted": False})
    for words in ((), ("--json",)):
        ended = run_stage(server, folder, *words, KAGGLE_API_TOKEN=token)
        assert ended.returncode == 1
        assert "s3cret" not in ended.stdout + ended.stderr
        assert "Traceback" not in ended.stderr
    written = [path.read_text() for path in folder.rglob("*") if path.suffix in (".csv", ".jsonl")]
    assert not [text for text in written if "s3cret" in text]
    outcome("secrets: a token that cannot be sent, or comes back", "refused")


def test_an_experiment_in_a_temporary_clone_is_in_the_repository_s_ledger(tmp_path: Path, outcome: Count) -> None:
    """`dvc exp run --temp` runs the stage in a copy, which it removes."""
    write_experiment(tmp_path, "{kind: local, source: mine}")
    write_competition(tmp_path / "mine")
    submission = csv(tmp_path)
    submission.parent.mkdir(parents=True)
    submission.write_text(GOOD)
    (tmp_path / "dvc.yaml").write_text(
        f"stages:\n  submit:\n    cmd: {sys.executable} -m pipelines.submit\n    params: [submit]\n"
        f"    deps: [submissions/{SLUG}/submission.csv]\n    outs: [submissions/{SLUG}/receipt.json]\n"
    )
    dvc = str(Path(sys.executable).with_name("dvc"))
    for command in (
        ["git", "init", "-q"], ["git", "config", "user.name", "t"], ["git", "config", "user.email", "t@localhost"],
        [dvc, "init", "-q"], ["git", "add", "-A"], ["git", "commit", "-q", "-m", "start"],
        [dvc, "exp", "run", "--temp", "-q", "-S", "submit.message=temporary"],
    ):  # fmt: skip
        ended = subprocess.run(command, cwd=tmp_path, env=sys_environment(tmp_path), capture_output=True, text=True)
        assert ended.returncode == 0, ended.stdout + ended.stderr
    entries = read_ledger(tmp_path / "submissions" / "ledger.csv")
    assert [line.event for line in entries] == ["intended", "submitted", "scored"]
    assert list((tmp_path / "work/local-kaggle" / SLUG / "submissions").iterdir())
    assert not list((tmp_path / ".dvc/tmp/exps/standalone").glob("tmp*"))
    outcome("ledger: an experiment in a temporary clone", "survived")


def sys_environment(folder: Path) -> dict[str, str]:
    home = folder.parent / "home"
    home.mkdir(exist_ok=True)
    return os.environ | {
        "HOME": str(home),
        "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
        "DVC_SITE_CACHE_DIR": str(home / "dvc"),
    }
