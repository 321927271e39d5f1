"""A parcel becomes a dataset, a notebook's version and a submission on Kaggle: each once, each read back and compared.

Killed and repeated, it goes on. The dataset is known by its SHA256SUMS; the notebook's version by the journal, or by
its text where the answer was lost; the submission by the run's id, as any (guard.py).
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from tqdm import tqdm

from foldline.files.refusal import Refusal, listed
from foldline.files.sums import SUMS
from foldline.kaggle.client import CallFailed, Kaggle
from foldline.kaggle.connection import CURES, FORBIDDEN, NOT_FOUND, SERVER_ERROR, refusing
from foldline.kaggle.guard import Upload, described_by
from foldline.kaggle.journal import Journal, Line
from foldline.kaggle.parcels import DATASET, NOTEBOOK, Parcel
from foldline.kaggle.protocol import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS
from foldline.kaggle.sessions import REFUSED, RUNS, owner_and_slug, refuse_failed

DATASET_SECONDS = 3600.0
"""How long to wait until Kaggle shows a dataset whole."""
SHOWN_SECONDS = 120.0
"""How late Kaggle may show a notebook's new version."""
QUEUE_SECONDS = 3600.0
"""How long a session may wait for a machine, besides its own time."""
SLOWEST_BYTES_PER_SECOND = 50_000
GOES_ON = "Run the same command again: it goes on from there."
NOTEBOOK_CURES = {
    **CURES,
    "upload": f"Kaggle did not take `{{competition}}`: {{message}}. No submission was spent. {GOES_ON}",
    "other": f"The kaggle client failed for `{{competition}}`: {{message}}. {GOES_ON}",
    "http": f"{REFUSED}{GOES_ON}",
    FORBIDDEN: f"{REFUSED}It must be yours; a session with a GPU needs an account with a verified telephone number "
    f"and hours left this week (https://www.kaggle.com/settings). {GOES_ON}",
    NOT_FOUND: f"{REFUSED}Correct `id` in {DATASET} and {NOTEBOOK}: your name on Kaggle, `/`, and a name of letters, "
    "digits and hyphens.",
}
Found = TypeVar("Found")


@dataclass(frozen=True, kw_only=True)
class NotebookUpload(Upload):
    """A code submission: the file that a notebook's version makes, when Kaggle runs it once more."""

    ref: str
    version: int
    file: str = "submission.csv"
    again: ClassVar[str] = "`foldline bundle --push --force` submits it once more"
    writer: ClassVar[str] = "Correct what the notebook writes, and make the bundle again."

    def send(self, kaggle: Kaggle, outgoing: object) -> str:
        return ""  # the version is there

    def create(self, kaggle: Kaggle, token: str) -> int:
        which = {**owner_and_slug(self.ref), "version": self.version, "file": self.file}
        return kaggle.ref_of("submit_notebook", competition=self.competition, message=self.message, **which)


def plan_submission(
    parcel: Parcel, version: int, competition: str, words: str, metric: str | None, score: float | None
) -> NotebookUpload:
    """Of a version of the parcel's notebook; `score` is the out-of-fold score."""
    ref, run = str(parcel.notebook["id"]), parcel.run_id
    described, noted = described_by(run, words, metric, score)
    return NotebookUpload(
        competition=competition,
        title=f"{ref}, version {version}",
        message=described,
        intent=Line("intended", run),
        expected=noted,
        ref=ref,
        version=version,
    )


def push(kaggle: Kaggle, parcel: Parcel, journal: Journal, seconds: float) -> int:
    """The version of the notebook whose session has ended well, and has made submission.csv.

    journal: of notebooks, held for as long as this takes. seconds: the session's limit. Raises Refusal.
    """
    ref = str(parcel.notebook["id"])
    with journal.locked():
        with refusing(kaggle, str(parcel.dataset["id"]), GOES_ON, NOTEBOOK_CURES):
            _store(kaggle, parcel)
        with refusing(kaggle, ref, GOES_ON, NOTEBOOK_CURES):
            version = _pushed(kaggle, parcel, journal, seconds)
            _refuse_difference(kaggle, parcel, version)
            _await_session(kaggle, ref, version, seconds)
            files = kaggle.read("session_files", **owner_and_slug(ref))
    if NotebookUpload.file not in files:
        raise Refusal(f"{ref}, version {version}: it made no {NotebookUpload.file}, but {listed(files)}.")
    return version


def _store(kaggle: Kaggle, parcel: Parcel) -> None:
    """Make the dataset hold the parcel's files, unless it does."""
    named = owner_and_slug(str(parcel.dataset["id"]))
    status = _known(lambda: kaggle.read("dataset_status", **named))
    if status is None or _lacking(kaggle, parcel, named):
        tokens = [_sent(kaggle, parcel, name) for name in parcel.files]
        if status is None:
            about = {"title": parcel.dataset["title"], "license_name": parcel.dataset["licenses"][0]["name"]}
            kaggle.call("create_dataset", {**named, **about, "tokens": tokens}, kaggle.create_seconds)
        else:
            about = {"notes": f"run {parcel.run_id}", "tokens": tokens}
            kaggle.call("create_dataset_version", {**named, **about}, kaggle.create_seconds)

    def lacking() -> list[str]:
        return ["failed"] if kaggle.read("dataset_status", **named) == "FAILED" else _lacking(kaggle, parcel, named)

    ended, lacks = _waited(lambda: _known(lacking), lambda found: found == [], DATASET_SECONDS)
    if not ended:
        raise Refusal(
            f"the dataset {parcel.dataset['id']} does not hold what was sent after {DATASET_SECONDS / 60:g} minutes: "
            f"{listed(lacks or ['it is not there'])}. Nothing was submitted. {GOES_ON}"
        )


def _sent(kaggle: Kaggle, parcel: Parcel, name: str) -> str:
    size = parcel.files[name]
    tqdm.write(f"sending {name} ({size / 1e6:,.1f} MB)", file=sys.stderr)
    seconds = kaggle.upload_seconds + size / SLOWEST_BYTES_PER_SECOND
    return kaggle.call("send_file", {"path": str((parcel.folder / name).resolve())}, seconds)


def _lacking(kaggle: Kaggle, parcel: Parcel, named: dict[str, Any]) -> list[str]:
    """How the dataset differs from the parcel, as far as Kaggle shows: in sizes, and in SHA256SUMS."""
    held = kaggle.read("dataset_files", **named)
    wanted = parcel.files.items()
    differing = [f"{name} ({held.get(name, 'no')} of {size} bytes)" for name, size in wanted if held.get(name) != size]
    if not differing and _known(lambda: kaggle.read("dataset_text", **named, name=SUMS)) != parcel.sums:
        differing = [f"{SUMS} (another version's)"]
    return differing


def _known(look: Callable[[], Found]) -> Found | None:
    """None for what is not there, which Kaggle also calls forbidden."""
    try:
        return look()
    except CallFailed as failure:
        if failure.kind in ("http", "storage") and failure.status in (FORBIDDEN, NOT_FOUND):
            return None
        raise


def _pushed(kaggle: Kaggle, parcel: Parcel, journal: Journal, seconds: float) -> int:
    """The notebook's version of this run, whose session has not failed; a new one where there is none."""
    named = owner_and_slug(str(parcel.notebook["id"]))
    now: dict[str, Any] = _known(lambda: kaggle.read("notebook", **named)) or {"version": 0, "source": ""}
    mine = [line for line in journal.lines() if line.run_id == parcel.run_id]
    last = mine[-1] if mine else Line("dismissed", parcel.run_id)
    is_ours = last.step == "pushed" and last.ref == now["version"]
    if last.step == "pushing" and last.ref < now["version"]:  # the answer was lost, or never read
        is_ours = _cells(now["source"]) == _cells(parcel.code.read_text(encoding="utf-8"))
    if is_ours and kaggle.read("session", **named)["status"] in (*RUNS, "COMPLETE"):
        return now["version"]
    journal.append(Line("pushing", parcel.run_id, now["version"], time.time()))
    pushed = {"folder": str(parcel.folder.resolve()), "seconds": int(seconds)}
    version = kaggle.call("push_notebook", pushed, kaggle.create_seconds)
    journal.append(Line("pushed", parcel.run_id, version, time.time()))
    return version


def _cells(notebook: str) -> list[str]:
    """The cells' text: of the rest, Kaggle writes what it likes."""
    try:
        return ["".join(cell["source"]) for cell in json.loads(notebook)["cells"]]
    except (ValueError, KeyError, TypeError):
        return [notebook]


def _refuse_difference(kaggle: Kaggle, parcel: Parcel, version: int) -> None:
    named = owner_and_slug(str(parcel.notebook["id"]))
    _, read = _waited(lambda: kaggle.read("notebook", **named), lambda it: it["version"] >= version, SHOWN_SECONDS)
    assert read is not None
    found = {key: sorted(read[key]) if isinstance(read[key], list) else read[key] for key in parcel.wanted}
    differing = [f"{key} is {found[key]}, not {value}" for key, value in parcel.wanted.items() if found[key] != value]
    if read["version"] != version:
        differing.append(f"the latest version is {read['version']}, not {version}")
    if differing:
        raise Refusal(
            f"{parcel.notebook['id']}: Kaggle has another notebook than {parcel.folder} says: {'; '.join(differing)}. "
            "Nothing was submitted. A source that Kaggle left out is misspelt, not yours, or not ready."
        )


def _await_session(kaggle: Kaggle, ref: str, version: int, seconds: float) -> None:
    def look() -> dict[str, str]:
        return kaggle.read("session", **owner_and_slug(ref))

    ended, seen = _waited(look, lambda found: found["status"] not in RUNS, seconds + QUEUE_SECONDS)
    if not ended or seen is None:
        raise Refusal(f"{ref}, version {version}: its session has not ended yet. {GOES_ON}")
    then = "Nothing was submitted. The same command pushes it anew."
    refuse_failed(kaggle, ref, f"{ref}, version {version}", seen, then)


def _waited(look: Callable[[], Found], is_enough: Callable[[Found], bool], seconds: float) -> tuple[bool, Found | None]:
    """What was seen last, and whether it is enough; a call that fails for a moment is made again."""
    began, pause, seen = time.monotonic(), FIRST_PAUSE_SECONDS, None
    while True:
        is_late = time.monotonic() - began > seconds
        try:
            seen = look()
            if is_enough(seen):
                return True, seen
        except CallFailed as failure:
            passes = failure.kind in ("network", "stalled") or failure.status >= SERVER_ERROR
            if not passes or is_late:
                raise
        if is_late:
            return False, seen
        time.sleep(pause)
        pause = min(1.5 * pause, LONGEST_PAUSE_SECONDS)
