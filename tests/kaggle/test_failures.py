import pytest

from foldline.files.refusal import Refusal
from foldline.kaggle.client import CallFailed, Kaggle
from foldline.kaggle.failures import explained
from foldline.kaggle.reach import refusing
from foldline.local_kaggle.server import LocalKaggle
from tests.kaggle.rehearsal import SLUG


@pytest.mark.parametrize(
    ("failure", "cure"),
    [
        (CallFailed("credentials", "none"), "kaggle.com/settings.*KAGGLE_API_TOKEN.*kaggle.json into ~/.kaggle"),
        (CallFailed("network", "no route"), r"cannot be reached \(no route\).*--from FOLDER_OR_ZIP"),
        (CallFailed("stalled", "no answer to `files` for 60 seconds"), "Kaggle stalled.*run it again later"),
        (CallFailed("upload", "expired"), "did not take the file.*no submission was spent"),
        (CallFailed("other", "KeyError: x"), "client failed for.*KeyError: x"),
        (CallFailed("http", "Unauthenticated", 401), "does not accept the token.*access_token.*remove it"),
        (CallFailed("http", "slow down", 429, "90"), "too many requests.*Wait 90 seconds"),
        (CallFailed("http", "oops", 503), "Kaggle itself has trouble.*503: oops"),
        (CallFailed("http", "no file", 400), "refuses the request.*400: no file.*See https://www.kaggle.com"),
    ],
)
def test_each_failure_has_its_cure(kaggle: Kaggle, failure: CallFailed, cure: str) -> None:
    with pytest.raises(Refusal, match=cure):
        raise explained(failure, SLUG, kaggle)


def test_a_wrong_token(server: LocalKaggle, kaggle: Kaggle) -> None:
    server.faults.wrong_token = True
    with pytest.raises(Refusal, match=r"does not accept the token. Kaggle answered 401"), refusing(kaggle, SLUG):
        kaggle.limits(SLUG)


def test_a_misspelt_competition_is_guessed(kaggle: Kaggle) -> None:
    with (
        pytest.raises(Refusal, match=f"no competition `cat-and-dogs`.*Did you mean {SLUG}"),
        refusing(kaggle, "cat-and-dogs"),
    ):
        kaggle.files("cat-and-dogs")


def test_no_guess_when_nothing_is_close_or_the_listing_fails(server: LocalKaggle, kaggle: Kaggle) -> None:
    missing = CallFailed("http", "not found", 404)
    assert "Did you mean" not in str(explained(missing, "whales", kaggle))
    server.faults.wrong_token = True
    assert "Did you mean" not in str(explained(missing, "cat-and-dogs", kaggle))
