"""What the `kaggle` client signs in with: found in its own order, and refused by name where it cannot be read.

The client ignores a file that it cannot read, and sends any token as it is.
"""

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
TYPOGRAPHIC = "\u201c\u201d\u201e\u201f\u2018\u2019\u201a\u201b\u00ab\u00bb\u2032\u2033"
QUOTES = "\"'`"
WORD = re.compile(r"[A-Za-z_]{1,16}")
VISIBLE = range(0x21, 0x7F)


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
    if shell.get("KAGGLE_KERNEL_RUN_TYPE"):  # a notebook on Kaggle has its own
        return Credentials({}, "this notebook's own token")
    problems: list[str] = []
    for look in (_token, _legacy, _oauth):
        try:
            found = look(shell)
        except Unreadable as problem:
            problems.append(str(problem))
            if look is _token:  # the client would send it, or fail on it, whatever else there is
                break
            continue
        if found is not None:
            return found
    if problems:
        raise Refusal(f"Kaggle's token is there, but cannot be used: {'; '.join(problems)}. {NEW_TOKEN}")
    return NONE


def _home(shell: Mapping[str, str]) -> Path:
    return Path(shell.get("HOME") or Path.home()) / ".kaggle"


def _token(shell: Mapping[str, str]) -> Credentials | None:
    value = shell.get("KAGGLE_API_TOKEN", "").strip()
    if value and not _is_file(value):
        return Credentials({"KAGGLE_API_TOKEN": _clean(value, "KAGGLE_API_TOKEN")}, "the variable KAGGLE_API_TOKEN")
    files = [Path(value)] if value else [_home(shell) / name for name in ("access_token", "access_token.txt")]
    for file in files:
        text = _text(file)
        if text:
            return Credentials({"KAGGLE_API_TOKEN": _clean(text, str(file))}, str(file))
    return None


def _is_file(value: str) -> bool:
    try:
        return Path(value).is_file()
    except (OSError, ValueError):  # too long for a name
        return False


def _legacy(shell: Mapping[str, str]) -> Credentials | None:
    folder = _config_folder(shell)
    file = folder / "kaggle.json"
    given = {key: shell.get(f"KAGGLE_{key.upper()}", "").strip() for key in ("username", "key")}
    source = "the variables KAGGLE_USERNAME and KAGGLE_KEY"
    if not all(given.values()):
        held = _user_and_key(file)
        if held is None:
            lonely = [f"KAGGLE_{key.upper()}" for key, value in given.items() if value]
            if lonely:
                raise Unreadable(f"{lonely[0]} is set, but it takes both KAGGLE_USERNAME and KAGGLE_KEY")
            _refuse_other_names(folder)
            return None
        given, source = held | {key: value for key, value in given.items() if value}, str(file)
    variables = {f"KAGGLE_{key.upper()}": _clean(value, f"`{key}` of {source}") for key, value in given.items()}
    return Credentials(variables, source)


def _config_folder(shell: Mapping[str, str]) -> Path:
    named, home = shell.get("KAGGLE_CONFIG_DIR"), _home(shell)
    if named or home.exists():
        return Path(named or home)
    return Path(shell.get("XDG_CONFIG_HOME") or home.parent / ".config") / "kaggle"


def _user_and_key(file: Path) -> dict[str, str] | None:
    text = _text(file)
    if text is None:
        return None
    content = _object(text, file)
    lacking = [key for key in ("username", "key") if not (isinstance(content.get(key), str) and content[key].strip())]
    if lacking:
        # A key may be a misplaced token.
        shown = [key if WORD.fullmatch(key) else "one that is not shown" for key in content]
        raise Unreadable(f"{file} has no text `{lacking[0]}`; its keys are {listed(shown, 5)}")
    return {key: content[key].strip() for key in ("username", "key")}


def _oauth(shell: Mapping[str, str]) -> Credentials | None:
    file = _home(shell) / "credentials.json"
    text = _text(file)
    if text is None:
        return None
    if not _object(text, file).get("refresh_token"):
        raise Unreadable(f"{file} has no `refresh_token`")
    return Credentials({}, str(file))


def _object(text: str, file: Path) -> dict[str, Any]:
    """The json object in a file of credentials. Raises Unreadable."""
    odd = [letter for letter in text if letter in TYPOGRAPHIC]
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        if odd:
            raise Unreadable(f"{file} has typographic quotation marks ({odd[0]}) instead of plain ones") from None
        if not text:
            raise Unreadable(f"{file} is empty") from None
        if all(ord(letter) in VISIBLE for letter in text) and not set(text) & set("{}[]:,\"'"):
            raise Unreadable(
                f"{file} holds a bare token, not JSON: move it to the file access_token in ~/.kaggle/"
            ) from None
        raise Unreadable(f"{file} is not valid JSON (line {error.lineno}, column {error.colno})") from None
    if not isinstance(content, dict):
        raise Unreadable(f"{file} holds JSON, but no object with `username` and `key`")
    return content


def _text(file: Path) -> str | None:
    """A file's text without space around it; None where there is no file. Raises Unreadable."""
    try:
        content = file.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
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
    odd = next((letter for letter in value if ord(letter) not in VISIBLE), None)
    if (odd is not None and odd in TYPOGRAPHIC) or value[0] in QUOTES or value[-1] in QUOTES:
        raise Unreadable(f"{place} has quotation marks around the value or in it: remove them")
    if value[0] in "{[":
        raise Unreadable(f"{place} holds JSON, where a bare value is expected")
    if odd == BYTE_ORDER_MARK:
        raise Unreadable(f"{place} begins with a byte order mark (BOM)")
    if odd is not None:
        name = "a blank or a line break" if odd.isspace() else f"the letter U+{ord(odd):04X}"
        raise Unreadable(f"{place} has {name} in its middle, which no token has")
    return value


def _refuse_other_names(folder: Path) -> None:
    """A browser names a second download `kaggle (1).json`."""
    try:
        near = [path.name for path in folder.iterdir() if path.name.startswith("kaggle") and "json" in path.name]
    except OSError:
        return
    if near:
        raise Unreadable(f"{folder} holds `{near[0]}`, but the client reads `kaggle.json` alone: rename it")
