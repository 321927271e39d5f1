"""A parcel is pushed through the real client: each step once, each read back, whatever happens in between."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler

from foldline.files.refusal import Refusal
from foldline.kaggle import guard, pushing
from foldline.kaggle.client import Kaggle
from foldline.kaggle.decisions import Placed
from foldline.kaggle.guard import await_score, record_outcome, submit_once
from foldline.kaggle.journal import Journal
from foldline.kaggle.ledger import read_ledger
from foldline.kaggle.parcels import read_parcel
from foldline.kaggle.pushing import NotebookUpload, plan_submission, push
from foldline.local_kaggle.server import LocalKaggle
from tests.kaggle.parcels import CODE, DATASET, NOTEBOOK, USER, write_parcel
from tests.kaggle.rehearsal import GOOD, GOOD_SCORE, SLUG, reached, write_competition


class Watched(LocalKaggle):
    """Counts calls, and answers some with another status."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given, middlewares=[self._watch])
        self.calls: list[str] = []
        self.answers: dict[str, int] = {}
        """By the method: what it is answered once, after it was done."""

    @web.middleware
    async def _watch(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        method = request.match_info.get("method") or request.method
        self.calls.append(method)
        reply = await handler(request)
        status = self.answers.pop(method, 0)
        return web.json_response({"code": status, "message": "oops"}, status=status) if status else reply

    def count(self, method: str) -> int:
        return self.calls.count(method)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Watched, Kaggle]]:
    folder = tmp_path_factory.mktemp("started")
    server = Watched({SLUG: write_competition(folder / "source", per_day=100)}, folder / "memory")
    with server, reached(server, folder / "home") as kaggle:
        yield server, kaggle


@pytest.fixture
def kaggle(started: tuple[Watched, Kaggle]) -> Kaggle:
    return started[1]


@pytest.fixture
def server(started: tuple[Watched, Kaggle], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watched:
    """With a memory of its own."""
    server = started[0]
    server.calls.clear()
    server.answers.clear()
    object.__setattr__(server._served, "memory", tmp_path / "memory")
    for path in server.competitions[SLUG].submissions.folder.glob("*.json"):
        path.unlink()
    for module in (pushing, guard):
        monkeypatch.setattr(module, "FIRST_PAUSE_SECONDS", 0.05)
    return server


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "state" / "notebooks")


def pushed(kaggle: Kaggle, folder: Path, journal: Journal) -> NotebookUpload:
    parcel = read_parcel(folder, SLUG, USER)
    return plan_submission(parcel, push(kaggle, parcel, journal, 600.0), SLUG, "words", "log_loss", 0.25)


def submitted(kaggle: Kaggle, upload: NotebookUpload, tmp_path: Path) -> Placed:
    journal, ledger = Journal(tmp_path / "state"), tmp_path / "ledger.csv"
    placed = submit_once(kaggle, upload, journal, ledger)
    seen = await_score(kaggle, upload, placed, journal, 60.0)
    record_outcome(seen, upload, placed, ledger)
    return placed


def test_pushed_and_scored_and_the_same_parcel_is_neither_sent_nor_submitted_again(
    server: Watched, kaggle: Kaggle, journal: Journal, tmp_path: Path
) -> None:
    write_parcel(tmp_path / "w")
    first = submitted(kaggle, pushed(kaggle, tmp_path / "w", journal), tmp_path)
    assert first.is_new
    (made,) = server.competitions[SLUG].submissions.all()
    assert (made.public_score, made.status, made.bytes) == (GOOD_SCORE, "COMPLETE", len(GOOD))
    run = read_parcel(tmp_path / "w", SLUG, USER).run_id
    assert made.description == f"{run} | words | out-of-fold log_loss 0.25000"
    entries = [(line.event, line.run_id, line.public_score) for line in read_ledger(tmp_path / "ledger.csv")]
    assert entries == [("intended", run, ""), ("submitted", run, ""), ("scored", run, GOOD_SCORE)]

    upload = pushed(kaggle, tmp_path / "w", journal)
    assert not submitted(kaggle, upload, tmp_path).is_new
    # Nor by a machine that knows nothing of it, but for one more version.
    elsewhere = pushed(kaggle, tmp_path / "w", Journal(tmp_path / "other" / "notebooks"))
    assert (upload.version, elsewhere.version) == (1, 2)
    assert not submit_once(kaggle, elsewhere, Journal(tmp_path / "other"), tmp_path / "other.csv").is_new
    counts = {name: server.count(name) for name in ("CreateDataset", "PUT", "SaveKernel", "CreateCodeSubmission")}
    assert counts == {"CreateDataset": 1, "PUT": 3, "SaveKernel": 2, "CreateCodeSubmission": 1}


def test_a_changed_parcel_is_a_new_version_of_both_and_a_run_of_its_own(
    server: Watched, kaggle: Kaggle, journal: Journal, tmp_path: Path
) -> None:
    first = pushed(kaggle, write_parcel(tmp_path / "w"), journal)
    # Of equal sizes: SHA256SUMS tells.
    second = pushed(kaggle, write_parcel(tmp_path / "w", answers=GOOD.replace("0.8", "0.9")), journal)
    assert (first.version, second.version) == (1, 2)
    assert first.run_id != second.run_id
    assert (server.count("CreateDataset"), server.count("CreateDatasetVersion")) == (1, 1)
    # And another code alone.
    third = pushed(kaggle, write_parcel(tmp_path / "w", CODE + "pass", GOOD.replace("0.8", "0.9")), journal)
    assert (third.version, third.run_id in (first.run_id, second.run_id)) == (3, False)
    assert server.count("CreateDatasetVersion") == 1


@pytest.mark.parametrize("method", ["CreateDataset", "SaveKernel"])
def test_a_lost_answer_is_found_by_the_next_run(
    server: Watched, kaggle: Kaggle, journal: Journal, tmp_path: Path, method: str
) -> None:
    write_parcel(tmp_path / "w")
    server.answers[method] = 503
    with pytest.raises(Refusal, match="Kaggle itself has trouble"):
        pushed(kaggle, tmp_path / "w", journal)
    assert pushed(kaggle, tmp_path / "w", journal).version == 1
    assert server.count(method) == 1


@pytest.mark.parametrize(
    ("method", "status", "about", "said"),
    [
        ("CreateDataset", 403, DATASET, r"Kaggle answered 403: .* It must be yours; a session with a GPU needs"),
        ("SaveKernel", 403, NOTEBOOK, r"Kaggle answered 403: .* telephone number .* Run the same command again"),
        ("SaveKernel", 404, NOTEBOOK, r"Kaggle answered 404: .* Correct `id` in dataset-metadata.json and kernel-meta"),
        ("ListKernelSessionOutput", 403, NOTEBOOK, r"Kaggle answered 403: .* It must be yours"),
        ("GetKernelSessionStatus", 404, NOTEBOOK, r"Kaggle answered 404: .* Correct `id`"),
    ],
)
def test_what_kaggle_forbids_or_does_not_know(
    server: Watched, kaggle: Kaggle, journal: Journal, tmp_path: Path, method: str, status: int, about: str, said: str
) -> None:
    server.answers[method] = status
    with pytest.raises(Refusal, match=f"Kaggle refuses the request about `{about}`. {said}"):
        pushed(kaggle, write_parcel(tmp_path / "w"), journal)
    assert server.count("CreateCodeSubmission") == 0


def test_a_look_that_fails_for_a_moment_is_repeated(
    server: Watched, kaggle: Kaggle, journal: Journal, tmp_path: Path
) -> None:
    server.answers["GetKernelSessionStatus"] = 503
    assert pushed(kaggle, write_parcel(tmp_path / "w"), journal).version == 1


def test_a_file_that_does_not_arrive_makes_no_version(
    server: Watched, kaggle: Kaggle, journal: Journal, tmp_path: Path
) -> None:
    server.answers["PUT"] = 403
    with pytest.raises(Refusal, match=f"did not take `{DATASET}`: answers.csv did not arrive at Kaggle's storage"):
        pushed(kaggle, write_parcel(tmp_path / "w"), journal)
    assert server.count("CreateDataset") == 0


def test_a_dataset_that_lacks_a_file_is_said(
    server: Watched, kaggle: Kaggle, journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pushing, "DATASET_SECONDS", 0.1)
    sent = kaggle.call

    def leaving_out(call: str, fields: dict[str, Any], *more: Any) -> Any:
        return sent(call, fields | {"tokens": fields["tokens"][1:]} if "tokens" in fields else fields, *more)

    monkeypatch.setattr(kaggle, "call", leaving_out)
    with pytest.raises(Refusal, match=r"does not hold what was sent .*: answers.csv \(no of \d+ bytes\)\. Nothing was"):
        pushed(kaggle, write_parcel(tmp_path / "w"), journal)
    assert server.count("SaveKernel") == 0


def test_what_kaggle_leaves_out_is_said_and_nothing_is_submitted(
    server: Watched, kaggle: Kaggle, journal: Journal, tmp_path: Path
) -> None:
    write_parcel(tmp_path / "w", dataset_sources=[DATASET, "local/none-such"])
    said = (
        rf"{NOTEBOOK}: Kaggle has another notebook .*: dataset_sources is \['{DATASET}'\], not \['{DATASET}', 'local/no"
    )
    with pytest.raises(Refusal, match=said):
        pushed(kaggle, tmp_path / "w", journal)


def test_a_flag_that_kaggle_changed_is_said(
    server: Watched, kaggle: Kaggle, journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = kaggle.read

    def with_internet(call: str, *given: Any, **fields: Any) -> Any:
        found = read(call, *given, **fields)
        return found | {"enable_internet": True} if call == "notebook" else found

    monkeypatch.setattr(kaggle, "read", with_internet)
    with pytest.raises(Refusal, match="enable_internet is True, not False"):
        pushed(kaggle, write_parcel(tmp_path / "w"), journal)


def test_a_session_that_fails_is_told_with_its_log_and_pushed_anew(
    server: Watched, kaggle: Kaggle, journal: Journal, tmp_path: Path
) -> None:
    write_parcel(tmp_path / "w", code="print('as far as here')\n1 / 0")
    for version in (1, 2):
        ended = f"version {version}: its session ended as ERROR. Notebook Threw Exception: ZeroDivisionError"
        with pytest.raises(Refusal, match=f"(?s){ended}.*as far as here.*Nothing was submitted"):
            pushed(kaggle, tmp_path / "w", journal)


def test_a_session_without_a_csv(server: Watched, kaggle: Kaggle, journal: Journal, tmp_path: Path) -> None:
    write_parcel(tmp_path / "w", code=CODE.replace('/ "submission.csv"', '/ "other.csv"'))
    with pytest.raises(Refusal, match=r"version 1: it made no submission.csv, but more/notes.json, other.csv"):
        pushed(kaggle, tmp_path / "w", journal)


def test_a_csv_that_cannot_be_scored(server: Watched, kaggle: Kaggle, journal: Journal, tmp_path: Path) -> None:
    upload = pushed(kaggle, write_parcel(tmp_path / "w", answers="id,cat\n1,2\n"), journal)
    with pytest.raises(Refusal, match=r"could not score it: Columns do not match.* Correct what the notebook writes"):
        submitted(kaggle, upload, tmp_path)


def test_an_answer_to_the_submission_that_is_lost_is_found_and_not_repeated(
    server: Watched, kaggle: Kaggle, journal: Journal, tmp_path: Path
) -> None:
    upload = pushed(kaggle, write_parcel(tmp_path / "w"), journal)
    server.answers["CreateCodeSubmission"] = 503
    assert submitted(kaggle, upload, tmp_path).is_new
    assert not submitted(kaggle, upload, tmp_path).is_new
    assert (server.count("CreateCodeSubmission"), len(server.competitions[SLUG].submissions.all())) == (1, 1)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"enable_internet": None}, "does not say enable_internet. Write every key"),
    ({"id": "someone/cats-infer"}, "is of `someone/cats-infer`, and you are `local` on Kaggle"),
    ({"competition_sources": []}, f"the dataset {DATASET} and the competition {SLUG} must be among them"),
    ({"code_file": "none.ipynb"}, "has no SHA256SUMS, or no none.ipynb"),
]


@pytest.mark.parametrize(("change", "said"), WRONG, ids=lambda value: str(value)[:30])
def test_a_parcel_that_cannot_be_pushed(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    path = write_parcel(tmp_path / "w") / "kernel-metadata.json"
    described = {**json.loads(path.read_text()), **change}
    path.write_text(json.dumps({key: value for key, value in described.items() if value is not None}))
    with pytest.raises(Refusal, match=said):
        read_parcel(tmp_path / "w", SLUG, USER)


def test_files_that_changed_or_are_not_listed(tmp_path: Path) -> None:
    write_parcel(tmp_path / "w")
    (tmp_path / "w" / "more.txt").touch()
    with pytest.raises(Refusal, match=r"changed or missing none; not listed more.txt"):
        read_parcel(tmp_path / "w", SLUG, USER)
    (tmp_path / "w" / "more.txt").unlink()
    (tmp_path / "w" / "model.bin").write_bytes(b"")
    with pytest.raises(Refusal, match=r"changed or missing model.bin; not listed none"):
        read_parcel(tmp_path / "w", SLUG, USER)
    with pytest.raises(Refusal, match=r"dataset-metadata.json cannot be read .* `foldline bundle`"):
        read_parcel(tmp_path / "none", SLUG, USER)
