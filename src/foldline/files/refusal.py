"""The one error that is meant for the person at the screen."""

import difflib
from collections.abc import Iterable


class Refusal(Exception):
    """What is wrong, where, what was found instead, and the cure; stages print it and exit with code 1."""


def listed(values: Iterable[object], most: int = 10, width: int = 300) -> str:
    """The first `most` of an iterable of values, as a message shows them: `a, b, c and 7 more`.

    width: of a value, in characters; two paths of DICOM fit, a picture in the place of a label does not.
    """
    texts = [str(value) for value in values]
    shown = ", ".join(shortened(text, width) for text in texts[:most]) or "none"
    return shown if len(texts) <= most else f"{shown} and {len(texts) - most} more"


def counted(number: int, one: str, several: str) -> str:
    """`1 label holds`, `3 labels hold`"""
    return f"{number:,} {one if number == 1 else several}"


def shortened(text: str, width: int = 300) -> str:
    """The beginning of a long text, which ends in an ellipsis."""
    return text if len(text) <= width else f"{text[: width - 1]}…"


def suggestion(name: str, valid: Iterable[str]) -> str:
    """A hint for a message, whatever the case of the letters; empty when nothing is near."""
    by_letters = {candidate.casefold(): candidate for candidate in valid}
    close = difflib.get_close_matches(name.casefold(), list(by_letters), n=1)
    return f" Did you mean `{by_letters[close[0]]}`?" if close else ""
