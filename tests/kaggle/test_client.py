import time
from pathlib import Path

import pytest

from foldline.kaggle.client import CallFailed, Kaggle, Limits
from tests.kaggle.faults import FaultyKaggle
from tests.kaggle.rehearsal import GOOD_SCORE, SLUG


def test_a_submission_is_read_back(kaggle: Kaggle, good: Path) -> None:
    assert kaggle.submissions(SLUG) == []
    assert kaggle.limits(SLUG) == Limits(today=0, total=0, allowed_now=5)
    ref = kaggle.submit(SLUG, good, "run 1234")
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
    server.faults.too_many_requests = 1
    with pytest.raises(CallFailed) as failure:
        kaggle.submit(SLUG, good, "run")
    assert (failure.value.kind, failure.value.status, failure.value.retry_after) == ("http", 429, "1")


def test_a_stalled_call_ends_and_the_next_one_works(server: FaultyKaggle, kaggle: Kaggle) -> None:
    server.faults.stalled, kaggle.call_seconds = True, 0.5
    with pytest.raises(CallFailed, match=r"no answer to `limits` for 0.5 seconds"):
        kaggle.limits(SLUG)
    server.faults.stalled, kaggle.call_seconds = False, 60.0
    assert kaggle.competitions("") == [SLUG]


def test_a_failed_upload_is_no_success(server: FaultyKaggle, kaggle: Kaggle, good: Path) -> None:
    server.faults.failed_upload = True
    with pytest.raises(CallFailed, match="Could not submit to competition") as failure:
        kaggle.submit(SLUG, good, "run")
    assert failure.value.kind == "upload"


def test_nobody_listens(tmp_path: Path, kaggle: Kaggle) -> None:
    # The token is looked up over the network when the client starts.
    environment = kaggle.environment | {"http_proxy": "http://127.0.0.1:9"}
    with Kaggle(environment) as nobody, pytest.raises(CallFailed) as failure:
        nobody.limits(SLUG)
    assert failure.value.kind == "network"


def test_no_credentials(kaggle: Kaggle) -> None:
    secrets = ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY")
    environment = {name: value for name, value in kaggle.environment.items() if name not in secrets}
    with Kaggle(environment) as anonymous, pytest.raises(CallFailed) as failure:
        anonymous.limits(SLUG)
    assert failure.value.kind == "credentials"
