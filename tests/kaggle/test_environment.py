from pathlib import Path

import pytest

from foldline.files.refusal import Refusal
from foldline.kaggle.environment import local_environment, real_environment

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
    environment = real_environment(SHELL)
    kept = set(SHELL) - {"KAGGLE_COMPETITION", "KAGGLE_TOKEN", "VERBOSE"}
    assert environment == {name: SHELL[name] for name in kept}


@pytest.mark.parametrize("host", ["LOCALHOST", "TEST"])
def test_a_shell_turned_to_another_host_is_refused(host: str) -> None:
    with pytest.raises(Refusal, match=f"KAGGLE_API_ENVIRONMENT is '{host}'.*open a fresh one"):
        real_environment(SHELL | {"KAGGLE_API_ENVIRONMENT": host})
