"""The variables that the kaggle client sees: no real credentials for a local server, no dummy ones for the real one."""

from collections.abc import Mapping
from pathlib import Path

from foldline.files.refusal import Refusal

CREDENTIALS = {
    "KAGGLE_API_TOKEN",
    "KAGGLE_USERNAME",
    "KAGGLE_KEY",
    "KAGGLE_CONFIG_DIR",
    # Of a notebook that runs on Kaggle.
    "KAGGLE_API_V1_TOKEN_PATH",
    "KAGGLE_DATA_PROXY_URL",
    "KAGGLE_KERNEL_RUN_TYPE",
}
LOCAL_USER = "local"


def real_environment(shell: Mapping[str, str]) -> dict[str, str]:
    """For kaggle.com: the shell's variables without those that would change what a command does.

    Every KAGGLE_* variable becomes a setting of the client (KAGGLE_COMPETITION), VERBOSE prints the credentials.
    """
    host = shell.get("KAGGLE_API_ENVIRONMENT", "PROD")
    if host != "PROD":
        raise Refusal(
            f"KAGGLE_API_ENVIRONMENT is {host!r} in this shell, but the competition's card says `host: kaggle`. "
            "The shell may also hold the local Kaggle's user and proxy: open a fresh one and run the command there."
        )
    return {name: value for name, value in shell.items() if not _is_kaggles(name) or name in CREDENTIALS}


def local_settings(port: int, home: Path) -> dict[str, str]:
    """What leads the kaggle client to the local Kaggle: the client goes to http://localhost, the proxy is our port."""
    return {
        "KAGGLE_API_ENVIRONMENT": "LOCALHOST",
        "http_proxy": f"http://127.0.0.1:{port}",
        "no_proxy": "",
        "NO_PROXY": "",
        # A token comes before the files in ~/.kaggle, and before a user and a key.
        "KAGGLE_API_TOKEN": LOCAL_USER,
        "KAGGLE_USERNAME": LOCAL_USER,
        "KAGGLE_KEY": LOCAL_USER,
        "KAGGLE_CONFIG_DIR": str(home.resolve()),
    }


def local_environment(shell: Mapping[str, str], port: int, home: Path) -> dict[str, str]:
    """For the local Kaggle: nothing that could hold a real credential or another proxy; `home` is made if need be."""
    home.mkdir(parents=True, exist_ok=True)
    kept = {
        name: value
        for name, value in shell.items()
        if not _is_kaggles(name) and not name.lower().endswith("_proxy") and name not in ("NETRC", "XDG_CONFIG_HOME")
    }
    return kept | local_settings(port, home) | {"HOME": str(home.resolve())}


def _is_kaggles(name: str) -> bool:
    return name.startswith(("KAGGLE_", "VERBOSE"))
