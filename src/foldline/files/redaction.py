"""Secrets, in no message: tokens and keys, passwords of proxies, signatures of links."""

import os
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping

HIDDEN = "***"
SHORTEST_SECRET = 6
"""In characters: hiding shorter values would garble every message, and none is a token."""
SECRETS = (
    "KAGGLE_API_TOKEN",
    "KAGGLE_KEY",
    "HF_TOKEN",
    "HUGGING_FACE_HUB_TOKEN",
    "WANDB_API_KEY",
    "MLFLOW_TRACKING_PASSWORD",
    "MLFLOW_TRACKING_TOKEN",
)
PATTERNS = (
    (re.compile(r"\b(Bearer|Basic)\s+[^\s'\"]+", re.IGNORECASE), rf"\1 {HIDDEN}"),
    (re.compile(r"://[^\s'\"]*@"), f"://{HIDDEN}@"),
    # Links to storage are signed: whoever has one may read or write. Where there is no connection, urllib3 tells them
    # without their host.
    (re.compile(r"((?:https?:/|url: )/[^\s?'\"]+)\?[^\s'\")]+"), rf"\1?{HIDDEN}"),
)


def secrets_of(environment: Mapping[str, str]) -> tuple[str, ...]:
    """What must not be printed of a process's variables, in each form in which it is sent."""
    values = [environment[name] for name in SECRETS if environment.get(name)]
    # No pattern tells a proxy's password where its address has no `http://`, or where a blank or a `/` ends it early.
    users = [value.rpartition("@")[0].rpartition("://")[2] for name, value in environment.items() if _is_proxy(name)]
    values += [part for user in users for part in (user, user.partition(":")[2], re.split("[/?#]", user)[0]) if part]
    pair = ":".join(environment.get(name, "") for name in ("KAGGLE_USERNAME", "KAGGLE_KEY"))
    forms = {form for value in values for form in (value, value.strip(), repr(value)[1:-1])}
    return tuple(sorted({*forms, b64encode(pair.encode()).decode()}, key=len, reverse=True))


def _is_proxy(name: str) -> bool:
    return name.casefold().endswith("_proxy")


def redacted(text: str, secrets: Iterable[str] = ()) -> str:
    for secret in secrets:
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, HIDDEN)
    for pattern, shown in PATTERNS:
        text = pattern.sub(shown, text)
    return text


def without_secrets(text: str) -> str:
    """`text`, as this process may print it."""
    return redacted(text, secrets_of(os.environ))
