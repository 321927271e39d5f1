"""What the `kaggle` client signs in with: found in its own order, and refused by name where it cannot be read.

The client ignores a file that it cannot read, and sends any token as it is.
"""

import errno
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foldline.files.refusal import Refusal, listed

NEW_TOKEN = (
    "Make one at https://www.kaggle.com/settings (API, Create New Token) and put it into the variable "
    "KAGGLE_API_TOKEN, or the file kaggle.json into ~/.kaggle/ (chmod 600)."
)
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
BYTE_ORDER_MARK = "\ufeff"
QUOTES = "\"'`\u201c\u201d\u201e\u201f\u2018\u2019\u201a\u201b\u00ab\u00bb\u2032\u2033"
VISIBLE = re.compile(r"[!-~]+")
WORD = re.compile(r"[A-Za-z_]{1,16}")
ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG)


@dataclass(frozen=True)
class Credentials:
    variables: Mapping[str, str]
    """Of the child: clean values, whatever file they come from."""
    source: str
    """As a message names it; empty when there are none."""


NONE = Credentials({}, "")


class Unreadable(Exception):
    """What is wrong with credentials that are there. Never holds any of them."""


def find_credentials(shell: Mapping[str, str]) -> Credentials:
    """The first that the client would take. Raises Refusal when none is good, and one is there."""
    if shell.get("KAGGLE_KERNEL_RUN_TYPE"):
        return Credentials({}, "this notebook")
    home, problems = Path(shell.get("HOME") or Path.home()), []
    for look in (_token, _legacy, _oauth):
        try:
            found = look(shell, home)
        except Unreadable as problem:
            problems.append(str(problem))
            if look is _token:  # a bad one the client would send, or fail on, whatever else there is
                break
        else:
            if found is not None:
                return found
    if problems:
        raise Refusal(f"Kaggle's token is there, but cannot be used: {'; '.join(problems)}. {NEW_TOKEN}")
    return NONE


def _token(shell: Mapping[str, str], home: Path) -> Credentials | None:
    value = shell.get("KAGGLE_API_TOKEN", "").strip()
    names = [value] if value else [home / ".kaggle" / name for name in ("access_token", "access_token.txt")]
    for file in map(Path, names):
        text = _text(file)
        if text:
            return Credentials({"KAGGLE_API_TOKEN": _clean(text, str(file))}, str(file))
    if not value:
        return None
    return Credentials({"KAGGLE_API_TOKEN": _clean(value, "KAGGLE_API_TOKEN")}, "the variable KAGGLE_API_TOKEN")


def _legacy(shell: Mapping[str, str], home: Path) -> Credentials | None:
    given = {key: shell.get(f"KAGGLE_{key.upper()}", "").strip() for key in ("username", "key")}
    source = "the variables KAGGLE_USERNAME and KAGGLE_KEY"
    if not all(given.values()):
        file = _config_folder(shell, home) / "kaggle.json"
        text = _text(file)
        if text is None and any(given.values()):
            raise Unreadable(f"of {source}, one is not set")
        if text is None:
            return None
        held, source = _object(text, file, "username", "key"), str(file)
        given = {key: given[key] or held[key].strip() for key in given}
    variables = {f"KAGGLE_{key.upper()}": _clean(value, f"`{key}` of {source}") for key, value in given.items()}
    return Credentials(variables, source)


def _config_folder(shell: Mapping[str, str], home: Path) -> Path:
    if shell.get("KAGGLE_CONFIG_DIR") or (home / ".kaggle").exists():
        return Path(shell.get("KAGGLE_CONFIG_DIR") or home / ".kaggle")
    return Path(shell.get("XDG_CONFIG_HOME") or home / ".config") / "kaggle"


def _oauth(shell: Mapping[str, str], home: Path) -> Credentials | None:
    file = home / ".kaggle" / "credentials.json"
    text = _text(file)
    if text is None:
        return None
    _object(text, file, "refresh_token")
    return Credentials({}, str(file))


def _object(text: str, file: Path, *keys: str) -> dict[str, Any]:
    """The json object in a file of credentials, which has texts for `keys`. Raises Unreadable."""
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        problem = f"is not valid JSON (line {error.lineno}, column {error.colno})" if text else "is empty"
        if VISIBLE.fullmatch(text) and not set(text) & set("{}[]:,\"'"):
            problem = "holds a bare token, not JSON: move it to the file access_token in ~/.kaggle/"
        elif set(text) & set(QUOTES[3:]):
            problem = "has typographic quotation marks instead of plain ones"
        raise Unreadable(f"{file} {problem}") from None
    if not isinstance(content, dict):
        raise Unreadable(f"{file} holds JSON, but no object with {listed(f'`{key}`' for key in keys)}")
    for key in keys:
        if not (isinstance(content.get(key), str) and content[key].strip()):
            # Another key may be a misplaced token.
            shown = [other if WORD.fullmatch(other) else "one that is not shown" for other in content]
            raise Unreadable(f"{file} has no text `{key}`; its keys are {listed(shown, 5)}")
    return content


def _text(file: Path) -> str | None:
    """A file's text without space around it; None where there is no file. Raises Unreadable."""
    try:
        content = file.read_bytes()
    except OSError as error:
        if error.errno in ABSENT:
            return None
        raise Unreadable(f"{file} cannot be read ({error.strerror})") from None
    if content.startswith(UTF_16) or b"\0" in content:
        raise Unreadable(f"{file} is UTF-16, as some editors and PowerShell's `>` write; save it as UTF-8")
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise Unreadable(f"{file} is not text in UTF-8") from None
    if text.startswith(BYTE_ORDER_MARK):
        raise Unreadable(f"{file} begins with a byte order mark (BOM); save it as UTF-8 without one")
    return text.strip()


def _clean(value: str, place: str) -> str:
    """A token, key or name as it may be sent. Raises Unreadable."""
    if set(value) & set(QUOTES) and not value.startswith("{"):
        raise Unreadable(f"{place} has quotation marks around the value or in it: remove them")
    if value[0] in "{[":
        raise Unreadable(f"{place} holds JSON, where a bare value is expected")
    odd = VISIBLE.sub("", value)
    if odd:
        name = "a blank or a line break" if odd[0].isspace() else f"the letter U+{ord(odd[0]):04X}"
        name = "a byte order mark (BOM)" if odd[0] == BYTE_ORDER_MARK else name
        raise Unreadable(f"{place} has {name} in it, which no token has")
    return value
