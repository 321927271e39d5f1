"""Connecting to a competition's host, real or local; what a failed call means for a person."""

import difflib
import importlib
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from foldline.card.host import Host, LocalHost
from foldline.files.lasting import lasting_places
from foldline.files.places import Places
from foldline.files.redaction import redacted
from foldline.files.refusal import Refusal, listed
from foldline.files.whole_files import locked
from foldline.kaggle.client import RATE_LIMITED, CallFailed, Kaggle, seconds_of
from foldline.kaggle.credentials import NEW_TOKEN, Credentials, find_credentials
from foldline.kaggle.journal import Journal, state_folder

KEPT = {
    "KAGGLE_CONFIG_DIR",
    # Of a notebook that runs on Kaggle.
    "KAGGLE_API_V1_TOKEN",
    "KAGGLE_DATA_PROXY_URL",
    "KAGGLE_KERNEL_RUN_TYPE",
}
LOCAL_USER = "local"


def real_environment(shell: Mapping[str, str], credentials: Credentials) -> dict[str, str]:
    """For kaggle.com: the shell's variables, without those that change what the client does.

    Every KAGGLE_* variable becomes a setting of the client (KAGGLE_COMPETITION), VERBOSE prints the credentials.
    """
    host = shell.get("KAGGLE_API_ENVIRONMENT", "PROD")
    if host != "PROD":
        raise Refusal(
            f"KAGGLE_API_ENVIRONMENT is {host!r} in this shell, but the competition's card says `host: kaggle`. "
            "The shell may also hold the local Kaggle's user and proxy: open a fresh one and run the command there."
        )
    kept = {name: value for name, value in shell.items() if not _is_kaggles(name) or name in KEPT}
    # The client makes its folder where there is none, and a home may be read-only; it needs nothing in it.
    nowhere = {"KAGGLE_CONFIG_DIR": os.devnull} if credentials.variables else {}
    return kept | nowhere | dict(credentials.variables)


def local_settings(port: int, home: Path) -> dict[str, str]:
    """Variables that lead the client to the local Kaggle: it asks for http://localhost, the proxy is our port."""
    return {
        "KAGGLE_API_ENVIRONMENT": "LOCALHOST",
        "http_proxy": f"http://127.0.0.1:{port}",
        "no_proxy": "",
        "NO_PROXY": "",
        # A token takes precedence over the files in ~/.kaggle, and over a user and a key.
        "KAGGLE_API_TOKEN": LOCAL_USER,
        "KAGGLE_USERNAME": LOCAL_USER,
        "KAGGLE_KEY": LOCAL_USER,
        "KAGGLE_CONFIG_DIR": str(home.resolve()),
    }


def local_environment(shell: Mapping[str, str], port: int, home: Path) -> dict[str, str]:
    """For the local Kaggle: no real credentials and no other proxy; `home` is created if need be."""
    home.mkdir(parents=True, exist_ok=True)
    kept = {
        name: value
        for name, value in shell.items()
        if not _is_kaggles(name) and not name.lower().endswith("_proxy") and name not in ("NETRC", "XDG_CONFIG_HOME")
    }
    return kept | local_settings(port, home) | {"HOME": str(home.resolve())}


def user_of(host: Host) -> str:
    """Whose datasets and notebooks these will be, without asking Kaggle. Raises Refusal where no file says so."""
    if isinstance(host, LocalHost):
        return LOCAL_USER
    found = find_credentials(os.environ).variables.get("KAGGLE_USERNAME")
    if found is None:
        raise Refusal("whose dataset and notebook it will be is not known: no kaggle.json names you. Say --user NAME.")
    return found


def _is_kaggles(name: str) -> bool:
    return name.startswith(("KAGGLE_", "VERBOSE"))


UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, SERVER_ERROR = 401, 403, 404, 500
Cures = Mapping[str | int, str]
CURES: Cures = {
    "credentials": f"Kaggle needs a token, and there is none. {NEW_TOKEN}",
    "network": "The connection to Kaggle failed ({message}). Check the network and proxy variables. {advice}",
    "stalled": "Kaggle stalled: {message}. Run it again later. {advice}",
    "upload": "Kaggle did not take the file: {message}. No submission was spent. Run it again.",
    "storage": "Kaggle's storage of files refused a link that Kaggle had given ({status}: {message}). Such links end "
    "after some minutes: run it again. {advice}",
    "other": "The kaggle client failed for `{competition}`: {message}. Run it again. {advice}",
    "http": "Kaggle refuses the request about `{competition}`. {said} See {page}.",
    UNAUTHENTICATED: f"Kaggle does not accept {{source}}. {{said}} {NEW_TOKEN} If you have a good one elsewhere, "
    "remove this one, which comes first.",
    FORBIDDEN: "Kaggle denies access to `{competition}`. {said} If you have not joined it, accept the rules at "
    "{page}/rules (Join Competition; a telephone number may have to be verified); if it has ended, it takes no more; "
    "else correct the slug. {close}",
    NOT_FOUND: "There is no competition `{competition}`. {said} {close}Correct `competition` in params.yaml and the "
    "card's name: the slug is the last part of the competition's address.",
    RATE_LIMITED: "Kaggle has had too many requests from you (rate limit). {said} Wait {wait} and run it again.",
    SERVER_ERROR: "Kaggle itself has trouble. {said} Run it again later.",
}
"""By the kind of failure; those of http by status, where one says more."""


def explained(failure: CallFailed, competition: str, kaggle: Kaggle, advice: str = "", cures: Cures = CURES) -> Refusal:
    """The refusal for `failure` in a call about `competition`; a misspelt one is looked up with `kaggle`.

    advice: what else a person may do, where Kaggle cannot be used. cures: of calls about something else.
    """
    status = min(failure.status, SERVER_ERROR) if failure.kind == "http" else 0
    # A token that Kaggle does not know is left out by the client, as if there were none.
    status = UNAUTHENTICATED if failure.kind == "credentials" and kaggle.source else status
    cure = cures[status if status in cures else failure.kind]
    message = redacted(failure.message, kaggle.secrets).rstrip(". ")
    return Refusal(
        cure.format(
            advice=advice,
            competition=competition,
            message=message,
            status=failure.status,
            source=f"the token of {kaggle.source}" if kaggle.source else "the token",
            said=f"Kaggle answered {failure.status}: {message}." if failure.status else "",
            page=f"https://www.kaggle.com/competitions/{competition}",
            close=_close(competition, kaggle) if "{close}" in cure else "",
            wait=_wait(failure.retry_after),
        ).strip()
    )


def _wait(retry_after: str) -> str:
    seconds = seconds_of(retry_after, datetime.now(UTC))
    if seconds is None:
        return "some minutes"
    return f"{seconds:.0f} seconds" if seconds < 600 else f"{seconds / 60:.0f} minutes"


def _close(competition: str, kaggle: Kaggle) -> str:
    """A hint at similar names, if Kaggle's listing works."""
    try:
        words = max(competition.split("-"), key=len)
        known = {slug for search in ("", words) for slug in kaggle.competitions(search)}
    except CallFailed:
        return ""
    close = difflib.get_close_matches(competition, sorted(known - {competition}), n=3)
    return f"Did you mean {listed(close)}? " if close else ""


BUILT_IN = ("digits",)


def source_folder(source: str, places: Places) -> Path:
    """The folder of `source`; a built-in competition is written first if need be."""
    if source not in BUILT_IN:
        for root in (places.root, lasting_places(places.slug).root):
            if (root / source).is_dir():
                return root / source
        raise Refusal(
            f"The local Kaggle has no competition {source!r}. Built-in: {listed(sorted(BUILT_IN))}; or name a folder "
            "with files/, solution.csv and competition.yaml."
        )
    folder = lasting_places(places.slug).local_kaggle / "built-in" / source
    with locked(folder.with_suffix(".lock")):
        if not folder.exists():
            importlib.import_module("foldline.local_kaggle.digits").write_digits(folder)  # brings scikit-learn
    return folder


@contextmanager
def connect(host: Host, places: Places, advice: str = "") -> Iterator[Kaggle]:
    """Yield the host of the competition `places.slug`; a failed call that leaves the block becomes a Refusal.

    For a local host, the local Kaggle runs as long as the block.
    """
    with ExitStack() as stack:
        if isinstance(host, LocalHost):
            # Imported by name: the server's code is not the stage's, so an edited metric does not make `submit` stale.
            local_kaggle = importlib.import_module("foldline.local_kaggle.server")
            folder, memory = source_folder(host.source, places), lasting_places(places.slug).local_kaggle
            server = stack.enter_context(local_kaggle.LocalKaggle({places.slug: folder}, memory))
            environment, source = local_environment(os.environ, server.port, memory / "home"), ""
        else:
            credentials = find_credentials(os.environ)
            environment, source = real_environment(os.environ, credentials), credentials.source
        kaggle = stack.enter_context(Kaggle(environment, source))
        with refusing(kaggle, places.slug, advice):
            yield kaggle


def journal_of(kaggle: Kaggle, host: Host, slug: str) -> Journal:
    """Of the user's submissions to the competition `slug`. The local Kaggle's is lost with its memory."""
    if isinstance(host, LocalHost):
        return Journal(lasting_places(slug).local_kaggle / "journal" / slug, is_complete=True)
    return Journal(state_folder(os.environ, kaggle.user(), slug))


@contextmanager
def refusing(kaggle: Kaggle, competition: str, advice: str = "", cures: Cures = CURES) -> Iterator[None]:
    """A call that fails in the block becomes a Refusal with the cure."""
    try:
        yield
    except CallFailed as failure:
        raise explained(failure, competition, kaggle, advice, cures) from None
