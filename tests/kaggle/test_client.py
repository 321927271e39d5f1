import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web

from foldline.kaggle.client import CallFailed, Kaggle, Limits, seconds_of
from foldline.local_kaggle import calls
from foldline.local_kaggle import server as server_module
from tests.kaggle.faults import FaultyKaggle
from tests.kaggle.rehearsal import GOOD_SCORE, SLUG


def test_a_submission_is_read_back(kaggle: Kaggle, good: Path) -> None:
    assert kaggle.submissions(SLUG) == []
    assert kaggle.limits(SLUG) == Limits(today=0, total=0, allowed_now=5)
    ref = kaggle.create(SLUG, kaggle.upload(SLUG, good), "run 1234")
    (listed,) = kaggle.submissions(SLUG)
    assert (listed.ref, listed.description, listed.status, listed.public_score) == (
        ref,
        "run 1234",
        "complete",
        GOOD_SCORE,
    )
    assert kaggle.submission(ref) == listed
    assert kaggle.limits(SLUG) == Limits(today=1, total=1, allowed_now=4)


def test_too_many_requests_are_waited_for(server: FaultyKaggle, kaggle: Kaggle) -> None:
    server.faults.too_many_requests = 1
    before = time.monotonic()
    assert kaggle.competitions("cats") == [SLUG]
    # The server says Retry-After: 1.
    assert time.monotonic() - before >= 1


def test_an_upload_is_never_repeated_by_itself(server: FaultyKaggle, kaggle: Kaggle, good: Path) -> None:
    token = kaggle.upload(SLUG, good)
    server.faults.too_many_requests = 1
    with pytest.raises(CallFailed) as failure:
        kaggle.create(SLUG, token, "run")
    assert (failure.value.kind, failure.value.status, failure.value.retry_after) == ("http", 429, "1")


def test_a_stalled_call_ends_and_the_next_one_works(server: FaultyKaggle, kaggle: Kaggle) -> None:
    server.faults.stalled, kaggle.call_seconds = True, 0.5
    with pytest.raises(CallFailed, match=r"no answer to `limits` for 0.5 seconds"):
        kaggle.limits(SLUG)
    server.faults.stalled, kaggle.call_seconds = False, 60.0
    assert kaggle.competitions("") == [SLUG]


def test_a_failed_upload_is_no_success(server: FaultyKaggle, kaggle: Kaggle, good: Path) -> None:
    server.faults.failed_upload = True
    with pytest.raises(CallFailed, match="did not arrive at Kaggle's storage") as failure:
        kaggle.upload(SLUG, good)
    assert failure.value.kind == "upload"


def test_a_connection_that_is_cut_may_have_been_heard(server: FaultyKaggle, kaggle: Kaggle, good: Path) -> None:
    token = kaggle.upload(SLUG, good)
    server.faults.refused_connection = True
    with pytest.raises(CallFailed) as failure:
        kaggle.create(SLUG, token, "run")
    assert (failure.value.kind, failure.value.was_sent) == ("network", True)


def test_a_client_that_dies_is_said_and_started_again(kaggle: Kaggle) -> None:
    for _ in range(2):
        kaggle.competitions("")
        assert kaggle._child is not None
        kaggle._child.kill()
        kaggle._child.wait()
        with pytest.raises(CallFailed, match="the kaggle client died during `competitions`"):
            kaggle.competitions("")


def test_a_listing_in_small_pages_is_whole(
    server: FaultyKaggle, kaggle: Kaggle, good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever Kaggle is asked for, and whether it gives a token for the next page or counts pages."""
    folder = server.competitions[SLUG].submissions.folder
    kaggle.create(SLUG, kaggle.upload(SLUG, good), "first")
    (file,) = folder.glob("*.json")
    first = {key: value for key, value in json.loads(file.read_text()).items() if key != "hash"}
    for number in range(1, 45):
        (folder / f"{first['ref'] + number}.json").write_text(json.dumps(first | {"ref": first["ref"] + number}))
    refs = [first["ref"] + number for number in range(44, -1, -1)]
    monkeypatch.setattr(calls, "MOST_PER_PAGE", 20)
    for server.faults.no_page_tokens in (False, True):
        assert [one.ref for one in kaggle.submissions(SLUG)] == refs


STATUSES = {
    "COMPLETE": "complete",
    "SubmissionStatus.ERROR": "error",
    "SUBMISSION_STATUS_COMPLETE": "complete",
    "complete": "complete",
    "RESCORING": "pending",
    "INCOMPLETE_RUN": "pending",
    1: "complete",
    None: "pending",
}


@pytest.mark.parametrize("status", STATUSES)
def test_each_spelling_of_a_status(server: FaultyKaggle, kaggle: Kaggle, good: Path, status: str | int | None) -> None:
    kaggle.create(SLUG, kaggle.upload(SLUG, good), "run")
    server.faults.change_listed = lambda shown: shown | {"status": status, "date": "some day", "teamName": 3}
    (listed,) = kaggle.submissions(SLUG)
    assert listed.status == STATUSES[status]


def test_a_page_instead_of_an_answer_is_the_network_s(kaggle: Kaggle, monkeypatch: pytest.MonkeyPatch) -> None:
    page = web.Response(text="<html>Welcome to our hotel", content_type="text/html")
    monkeypatch.setitem(server_module.METHODS, "ListDataFiles", lambda call: page)
    with pytest.raises(CallFailed, match="JSONDecodeError") as failure:
        kaggle.files(SLUG)
    assert (failure.value.kind, failure.value.was_sent) == ("network", True)


def test_what_is_no_number_and_what_no_file_takes_hides_nothing(
    server: FaultyKaggle, kaggle: Kaggle, good: Path
) -> None:
    ref = kaggle.create(SLUG, kaggle.upload(SLUG, good), "run")
    strange = {"totalBytes": float("inf"), "publicScore": float("nan"), "errorDescription": "half \ud800" + 2000 * "m"}
    server.faults.change_listed = lambda shown: shown | strange
    (listed,) = kaggle.submissions(SLUG)
    assert (listed.ref, listed.bytes, listed.public_score) == (ref, 0, "nan")
    assert (listed.error[:8], len(listed.error)) == ("half ?mm", 1000)


def test_a_ctrl_c_at_the_terminal_is_not_the_client_s(kaggle: Kaggle) -> None:
    """It would print a traceback beside our message."""
    assert kaggle._child is not None
    assert os.getpgid(kaggle._child.pid) == kaggle._child.pid != os.getpgrp()


NOW = datetime(2026, 10, 21, 7, 27, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90.0),
        ("1.5", 1.5),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 60.0),
        ("Wed, 21 Oct 2026 07:20:00 GMT", 0.0),
        ("-3", 0.0),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("", None),
        ("Wed, 99 Oct 2026 07:28:00 GMT", None),
    ],
)
def test_how_long_kaggle_asks_to_wait(text: str, seconds: float | None) -> None:
    assert seconds_of(text, NOW) == seconds


def test_a_link_that_storage_refuses_is_not_the_token_s_fault(
    server: FaultyKaggle, kaggle: Kaggle, tmp_path: Path
) -> None:
    for status in (401, 403):
        server.faults.refused_blob = status
        with pytest.raises(CallFailed) as failure:
            kaggle.download(SLUG, tmp_path)
        assert (failure.value.kind, failure.value.status) == ("storage", status)
        assert "sig=***" not in failure.value.message
        assert "?***" in failure.value.message


def test_nobody_listens(tmp_path: Path, kaggle: Kaggle) -> None:
    # The token is looked up over the network when the client starts.
    environment = kaggle.environment | {"http_proxy": "http://127.0.0.1:9"}
    with Kaggle(environment) as nobody, pytest.raises(CallFailed) as failure:
        nobody.limits(SLUG)
    assert (failure.value.kind, failure.value.was_sent) == ("network", False)


def test_no_credentials(kaggle: Kaggle) -> None:
    secrets = ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY")
    environment = {name: value for name, value in kaggle.environment.items() if name not in secrets}
    with Kaggle(environment) as anonymous, pytest.raises(CallFailed) as failure:
        anonymous.limits(SLUG)
    assert failure.value.kind == "credentials"
