"""What the client is told of a host, and what a person is told of a failed call."""

from pathlib import Path

import pytest

from foldline.files.refusal import Refusal
from foldline.kaggle.client import CallFailed, Kaggle
from foldline.kaggle.connection import explained, local_environment, real_environment, refusing
from foldline.kaggle.credentials import NONE, Credentials
from tests.kaggle.faults import FaultyKaggle
from tests.kaggle.rehearsal import SLUG

SHELL = {
    "PATH": "/bin",
    "HOME": "/home/me",
    "KAGGLE_API_TOKEN": "s3cret token",
    "KAGGLE_USERNAME": "me",
    "KAGGLE_KEY": "s3cret key",
    "KAGGLE_CONFIG_DIR": "/home/me/.kaggle",
    "KAGGLE_COMPETITION": "another",
    "KAGGLE_TOKEN": "not a token",
    "VERBOSE": "1",
    "HTTPS_PROXY": "http://me:password@proxy",
    "no_proxy": "localhost",
    "NETRC": "/home/me/.netrc",
}


def test_real_credentials_never_reach_a_local_server(tmp_path: Path) -> None:
    environment = local_environment(SHELL, 7777, tmp_path / "home")
    assert "s3cret" not in " ".join(environment.values())
    assert "password" not in " ".join(environment.values())
    assert "/home/me" not in " ".join(environment.values())
    assert environment["http_proxy"] == "http://127.0.0.1:7777"
    assert (environment["no_proxy"], environment["PATH"]) == ("", "/bin")
    assert (tmp_path / "home").is_dir()


def test_the_real_host_sees_credentials_and_proxies_and_no_other_settings() -> None:
    signed = Credentials({"KAGGLE_API_TOKEN": "clean"}, "the variable KAGGLE_API_TOKEN")
    dropped = {"KAGGLE_COMPETITION", "KAGGLE_TOKEN", "VERBOSE", "KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_API_TOKEN"}
    kept = {name: value for name, value in SHELL.items() if name not in dropped}
    assert real_environment(SHELL, NONE) == kept
    # The client makes its folder, if it can, even where all that it signs in with is here.
    assert real_environment(SHELL, signed) == kept | {"KAGGLE_API_TOKEN": "clean", "KAGGLE_CONFIG_DIR": "/dev/null"}


@pytest.mark.parametrize("host", ["LOCALHOST", "TEST"])
def test_a_shell_turned_to_another_host_is_refused(host: str) -> None:
    with pytest.raises(Refusal, match=f"KAGGLE_API_ENVIRONMENT is '{host}'.*open a fresh one"):
        real_environment(SHELL | {"KAGGLE_API_ENVIRONMENT": host}, NONE)


@pytest.mark.parametrize(
    ("failure", "cure"),
    [
        (CallFailed("credentials", "none"), "kaggle.com/settings.*KAGGLE_API_TOKEN.*kaggle.json into ~/.kaggle"),
        (
            CallFailed("network", "no route"),
            r"connection to Kaggle failed \(no route\).*Check the network.*ask a friend",
        ),
        (CallFailed("stalled", "no answer to `files` for 60 seconds"), "Kaggle stalled.*Run it again later"),
        (CallFailed("upload", "expired"), "did not take the file: expired. No submission was spent"),
        (
            CallFailed("storage", "Forbidden", 403),
            r"storage of files refused a link .* \(403: Forbidden\).*run it again",
        ),
        (CallFailed("http", "late", 429, "Wed, 21 Oct 2015 07:28:00 GMT"), "Wait 0 seconds and run it again"),
        (CallFailed("http", "late", 429, "7200"), "Wait 120 minutes and run it again"),
        (CallFailed("http", "late", 429, "soon"), "Wait some minutes and run it again"),
        (CallFailed("other", "KeyError: x"), "client failed for.*KeyError: x"),
        (CallFailed("http", "Unauthenticated", 401), "does not accept the token.*KAGGLE_API_TOKEN.*remove this one"),
        (CallFailed("http", "slow down", 429, "90"), "too many requests.*Wait 90 seconds"),
        (CallFailed("http", "oops", 503), "Kaggle itself has trouble.*503: oops"),
        (CallFailed("http", "no file", 400), "refuses the request.*400: no file.*See https://www.kaggle.com"),
    ],
)
def test_each_failure_has_its_cure(kaggle: Kaggle, failure: CallFailed, cure: str) -> None:
    with pytest.raises(Refusal, match=cure):
        raise explained(failure, SLUG, kaggle, "Or ask a friend.")


def test_a_wrong_token(server: FaultyKaggle, kaggle: Kaggle) -> None:
    server.faults.wrong_token = True
    with pytest.raises(Refusal, match=r"does not accept the token. Kaggle answered 401"), refusing(kaggle, SLUG):
        kaggle.limits(SLUG)


def test_a_misspelt_competition_is_guessed(kaggle: Kaggle) -> None:
    with (
        pytest.raises(Refusal, match=f"no competition `cat-and-dogs`.*Did you mean {SLUG}"),
        refusing(kaggle, "cat-and-dogs"),
    ):
        kaggle.files("cat-and-dogs")


def test_no_guess_when_nothing_is_close_or_the_listing_fails(server: FaultyKaggle, kaggle: Kaggle) -> None:
    missing = CallFailed("http", "not found", 404)
    assert "Did you mean" not in str(explained(missing, "whales", kaggle))
    server.faults.wrong_token = True
    assert "Did you mean" not in str(explained(missing, "cat-and-dogs", kaggle))
