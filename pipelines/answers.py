"""What `--json` gets: one object on standard output; all that is said for people goes to standard error.

So a program that runs a command may parse its standard output whole, whatever the command prints on its way.
"""

import io
import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

FLAG = "--json"
Answer = Mapping[str, Any]
"""What a command's message says, as data."""

_kept: int | None = None
"""The standard output that waits for its object."""


def wants_json() -> bool:
    return FLAG in sys.argv[1:]


def keep_stdout() -> None:
    """From here on whatever this process and its children print goes to standard error."""
    global _kept
    sys.stdout.flush()
    _kept = os.dup(1)
    os.dup2(2, 1)
    # Standard error's writers do not wait for each other: lines stay in their order.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)


def write_answer(answer: Answer) -> None:
    """Write the object, where one is waited for: once, and then standard output ends. NaN and infinity become null."""
    global _kept
    if _kept is None:
        return
    written = json.dumps(answer, default=_plain)
    strict = json.loads(written, parse_constant=lambda _: None)
    output, _kept = _kept, None
    # Whoever asked may be gone; a byte of a file's name that is no UTF-8 becomes JSON's own \udcXX.
    with suppress(BrokenPipeError), os.fdopen(output, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(json.dumps(strict, indent=2, ensure_ascii=False) + "\n")


def _plain(value: Any) -> Any:
    """NumPy's numbers and arrays as Python's, a path as text."""
    return value.tolist() if hasattr(value, "tolist") else str(value)
