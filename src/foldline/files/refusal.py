"""The one error that is addressed to the user."""

import difflib
import re
from collections.abc import Iterable

WORDS = re.compile(r"[^\W_]+")


class Refusal(Exception):
    """What is wrong, where, what was found instead, and the cure; stages print it and exit with code 1."""


class Curable(ValueError):
    """What is wrong in a file, with its own cure: that of its reader's other errors would be wrong."""


def how(error: ValueError, cure: str) -> str:
    """What is wrong, and `cure` unless that says its own, for the end of a message."""
    return f": {error}." if isinstance(error, Curable) else f" ({error}). {cure}"


def listed(values: Iterable[object], most: int = 10, width: int = 300) -> str:
    """The first `most` of an iterable of values, as a message shows them: `a, b, c and 7 more`.

    width: of a value, in characters; two DICOM paths fit, an image instead of a label does not.
    """
    texts = [str(value) for value in values]
    shown = ", ".join(shortened(text, width) for text in texts[:most]) or "none"
    return shown if len(texts) <= most else f"{shown} and {len(texts) - most} more"


def marked(texts: Iterable[str]) -> list[str]:
    """With quotes around those that begin or end with blanks, which nobody would see."""
    return [text if text == text.strip() else repr(text) for text in texts]


def counted(number: int, one: str, several: str) -> str:
    """`1 label holds`, `3 labels hold`"""
    return f"{number:,} {one if number == 1 else several}"


def shortened(text: str, width: int = 300) -> str:
    """The beginning of a long text, which ends in an ellipsis."""
    return text if len(text) <= width else f"{text[: width - 1]}…"


def suggestion(name: str, valid: Iterable[str]) -> str:
    """A hint for a message, ignoring case; empty when nothing is close."""
    by_letters = {candidate.casefold(): candidate for candidate in valid}
    near = _nearest(name.casefold(), list(by_letters))
    return f" Did you mean `{by_letters[near]}`?" if near else ""


def _nearest(name: str, valid: list[str]) -> str | None:
    """What is made of some of the words of `name` (`auc`: roc_auc), else of all of them and few others (`map`:
    map_at_k), else what is spelt alike, else what it may be short for (`hflip`: horizontal_flip)."""
    words = {other: set(WORDS.findall(other)) for other in valid}
    sought = set(WORDS.findall(name))
    made_of_it = [other for other in valid if words[other] and words[other] <= sought]
    has_it = [other for other in valid if sought and sought < words[other]]
    if made_of_it or has_it:
        return max(made_of_it, key=len) if made_of_it else min(has_it, key=len)
    alike = difflib.get_close_matches(name, valid, n=1)
    return next(iter(alike or [other for other in valid if _shortens(name, other)]), None)


def _shortens(name: str, full: str) -> bool:
    """Whether `full` holds the letters of `name` in their order, and begins as it does."""
    letters = iter(full)
    return len(name) > 1 and full.startswith(name[0]) and all(letter in letters for letter in name)
