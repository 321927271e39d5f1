"""Credentials that are there but cannot be read are called by their fault; none is ever printed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from foldline.files.redaction import redacted, secrets_of
from foldline.files.refusal import Refusal
from foldline.kaggle.client import CallFailed, Kaggle
from foldline.kaggle.connection import explained, real_environment
from foldline.kaggle.credentials import NONE, find_credentials
from tests.kaggle.rehearsal import SLUG

KEY = "0123456789abcdef0123456789abcdef"
GOOD = json.dumps({"username": "me", "key": KEY})

FILES: dict[str, tuple[str, bytes, str]] = {
    "byte order mark": ("kaggle.json", b"\xef\xbb\xbf" + GOOD.encode(), "begins with a byte order mark"),
    "UTF-16": ("kaggle.json", GOOD.encode("utf-16"), "is UTF-16"),
    "UTF-16 without a mark": ("kaggle.json", GOOD.encode("utf-16-le"), "is UTF-16"),
    "Latin-1": ("kaggle.json", b'{"username": "m\xe9"}', "is not text in UTF-8"),
    "typographic quotes": ("kaggle.json", GOOD.replace('"', "”").encode(), "has typographic quotation marks"),
    "bare token": ("kaggle.json", KEY.encode(), "holds a bare token, not JSON: move it to the file access_token"),
    "cut short": ("kaggle.json", GOOD[:-5].encode(), r"is not valid JSON \(line 1, column"),
    "empty": ("kaggle.json", b" \n", "is empty"),
    "other keys": ("kaggle.json", b'{"user": "me", "token": "0123"}', "has no text `username`; its keys are user, tok"),
    "a token for a key": ("kaggle.json", f'{{"{KEY}": ""}}'.encode(), "its keys are one that is not shown"),
    "no text": ("kaggle.json", b'{"username": "me", "key": null}', "has no text `key`; its keys are username, key"),
    "a list": ("kaggle.json", b'["me", "0123"]', "no object with `username`, `key`"),
    "quotes in the key": ("kaggle.json", json.dumps({"username": "me", "key": f"“{KEY}”"}).encode(), "quotation marks"),
    "token with a mark": ("access_token", b"\xef\xbb\xbf" + KEY.encode(), "begins with a byte order mark"),
    "token in UTF-16": ("access_token", KEY.encode("utf-16"), "is UTF-16"),
    "token in quotes": ("access_token.txt", f'"{KEY}"'.encode(), "has quotation marks"),
    "json for a token": ("access_token", GOOD.encode(), "holds JSON, where a bare value is expected"),
    "oauth cut short": ("credentials.json", b'{"refresh_token": "01', "is not valid JSON"),
    "oauth without its token": ("credentials.json", b"{}", "has no text `refresh_token`"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_there_is_never_called_absent(name: str, tmp_path: Path) -> None:
    file, content, problem = FILES[name]
    (tmp_path / ".kaggle").mkdir()
    (tmp_path / ".kaggle" / file).write_bytes(content)
    with pytest.raises(Refusal, match=f"is there, but cannot be used: .*{problem}.*KAGGLE_API_TOKEN") as refusal:
        find_credentials({"HOME": str(tmp_path)})
    assert KEY[:8] not in str(refusal.value)


def test_a_folder_in_its_place(tmp_path: Path) -> None:
    (tmp_path / ".kaggle" / "kaggle.json").mkdir(parents=True)
    with pytest.raises(Refusal, match=r"kaggle.json cannot be read \(Is a directory\)"):
        find_credentials({"HOME": str(tmp_path)})


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        ({"KAGGLE_API_TOKEN": f"“{KEY}”"}, "KAGGLE_API_TOKEN has quotation marks"),
        ({"KAGGLE_API_TOKEN": f"{KEY[:9]}\n{KEY[9:]}"}, "KAGGLE_API_TOKEN has a blank or a line break in it"),
        ({"KAGGLE_API_TOKEN": GOOD}, "KAGGLE_API_TOKEN holds JSON"),
        ({"KAGGLE_API_TOKEN": f"\ufeff{KEY}"}, "KAGGLE_API_TOKEN has a byte order mark"),
        ({"KAGGLE_API_TOKEN": f"{KEY}ä"}, r"KAGGLE_API_TOKEN has the letter U\+00E4"),
        ({"KAGGLE_USERNAME": "me"}, "KAGGLE_USERNAME and KAGGLE_KEY, one is not set"),
        (
            {"KAGGLE_KEY": KEY, "KAGGLE_USERNAME": " "},
            "KAGGLE_USERNAME and KAGGLE_KEY, one is not set",
        ),
    ],
)
def test_a_variable_that_cannot_be_sent(variables: dict[str, str], problem: str, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=problem) as refusal:
        find_credentials(variables | {"HOME": str(tmp_path)})
    assert KEY[:8] not in str(refusal.value)


@pytest.mark.parametrize("around", ["{}\n", "{}\r\n", " {}", "\t{} \r"])
def test_space_around_is_stripped(around: str, tmp_path: Path) -> None:
    def signed_in(**variables: str) -> dict[str, str]:
        return dict(find_credentials(variables | {"HOME": str(tmp_path)}).variables)

    spaced = around.format(KEY)
    assert signed_in(KAGGLE_API_TOKEN=spaced) == {"KAGGLE_API_TOKEN": KEY}
    pair = {"KAGGLE_USERNAME": "me", "KAGGLE_KEY": KEY}
    assert signed_in(KAGGLE_USERNAME=around.format("me"), KAGGLE_KEY=spaced) == pair
    folder = tmp_path / ".kaggle"
    folder.mkdir()
    (folder / "kaggle.json").write_text(json.dumps({"username": "me", "key": spaced}) + "\n")
    assert signed_in() == pair
    (folder / "access_token").write_text(spaced)
    assert signed_in() == {"KAGGLE_API_TOKEN": KEY}
    assert signed_in(KAGGLE_API_TOKEN=str(folder / "access_token")) == {"KAGGLE_API_TOKEN": KEY}


def test_the_client_s_own_order(tmp_path: Path) -> None:
    home, elsewhere = {"HOME": str(tmp_path)}, tmp_path / "elsewhere"
    assert find_credentials(home) == NONE
    (tmp_path / ".config" / "kaggle").mkdir(parents=True)
    (tmp_path / ".config" / "kaggle" / "kaggle.json").write_text(GOOD)
    assert find_credentials(home).variables == {"KAGGLE_USERNAME": "me", "KAGGLE_KEY": KEY}
    elsewhere.mkdir()
    (elsewhere / "kaggle.json").write_text(GOOD.replace('"me"', '"you"'))
    named = home | {"KAGGLE_CONFIG_DIR": str(elsewhere)}
    assert find_credentials(named).source == str(elsewhere / "kaggle.json")
    # A variable counts before the file's key, as in the client.
    assert find_credentials(named | {"KAGGLE_USERNAME": "she"}).variables["KAGGLE_USERNAME"] == "she"
    (tmp_path / ".kaggle").mkdir()
    (tmp_path / ".kaggle" / "credentials.json").write_text('{"refresh_token": "0123"}')
    (elsewhere / "kaggle.json").write_text("{")
    assert find_credentials(named).source.endswith("credentials.json")
    assert find_credentials(home | {"KAGGLE_KERNEL_RUN_TYPE": "Interactive"}).variables == {}


def test_a_token_that_kaggle_does_not_know_is_not_absent(kaggle: Kaggle, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client drops it, and then says that there is none."""
    monkeypatch.setattr(kaggle, "source", "the variable KAGGLE_API_TOKEN")
    refusal = str(explained(CallFailed("credentials", "no credentials"), SLUG, kaggle))
    assert refusal.startswith("Kaggle does not accept the token of the variable KAGGLE_API_TOKEN.")


@pytest.mark.parametrize("name", ["https_proxy", "HTTP_PROXY", "all_proxy"])
def test_a_password_of_a_proxy_is_hidden_whatever_its_address_looks_like(name: str) -> None:
    for address in ("me:s3cret@proxy:3128", "http://me:s3 cret@proxy:3128", "http://me:s3c/ret@proxy"):
        hidden = secrets_of({name: address})
        assert redacted(f"cannot connect to {address}", hidden).endswith("***@" + address.rpartition("@")[2])
    assert redacted("Failed to parse: 'me:s3c' is no host", hidden) == "Failed to parse: '***' is no host"
    assert redacted("no proxy", secrets_of({name: "http://proxy:3128", "no_proxy": "localhost"})) == "no proxy"


def test_secrets_are_hidden_in_every_form() -> None:
    environment = {"KAGGLE_API_TOKEN": KEY, "KAGGLE_USERNAME": "me", "KAGGLE_KEY": "s3cret\nkey"}
    texts = [
        f"header value: 'Bearer {KEY}\\n'",
        f"Invalid header {KEY!r}",
        "key s3cret\nkey and 's3cret\\nkey'",
        "Authorization: Basic bWU6czNjcmV0CmtleQ==",
        "Basic bWU6b3RoZXI=",
        "proxy http://me:s3cret@proxy:3128 refused",
        "proxy 'http://me:p@/s3cret@proxy:3128' refused",
        "HTTPSConnectionPool(host='a.org', port=443): Max retries exceeded with url: /a?sig=s3cret (Caused by x)",
        "403 Client Error: Forbidden for url: https://storage.googleapis.com/a?X-Goog-Signature=s3cret&b=1",
    ]
    hidden = [redacted(text, secrets_of(environment)) for text in texts]
    assert not [text for text in hidden if "s3cret" in text or KEY in text or "bWU6" in text], hidden
    assert hidden[-1].endswith("https://storage.googleapis.com/a?***")
    assert redacted("no answer to `files` for 60 seconds", secrets_of(environment)).endswith("60 seconds")


@pytest.mark.parametrize(
    "broken", ["{}\n", *(pytest.param(text, marks=pytest.mark.faults) for text in ("{}\r", "b\u201cb{}"))]
)
def test_no_message_of_the_child_shows_a_token(broken: str, kaggle: Kaggle) -> None:
    """Even if one that cannot be sent reaches the client: in its reply, and in what it prints."""
    environment = kaggle.environment | {"KAGGLE_API_TOKEN": broken.format(KEY)}
    calls = json.dumps({"call": "user", "fields": {}}) + "\n"
    child = subprocess.Popen(
        [sys.executable, "-m", "foldline.kaggle.client_process"],
        env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(calls)
    child.stdin.flush()
    reply = child.stdout.readline()
    said = child.communicate()
    assert "failure" in reply
    assert KEY not in reply + "".join(said)


def test_the_child_gets_clean_values(tmp_path: Path) -> None:
    shell = {"HOME": str(tmp_path), "KAGGLE_API_TOKEN": f"{KEY}\r\n", "KAGGLE_KEY": "old"}
    assert real_environment(shell, find_credentials(shell))["KAGGLE_API_TOKEN"] == KEY
