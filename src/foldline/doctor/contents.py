"""What a competition's archives hold, for a person who writes its card."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any

from foldline.archive.archives import Archives
from foldline.archive.tables import read_header
from foldline.archive.texts import parsed_json
from foldline.files.refusal import Refusal, listed

SHOWN_KINDS, SHOWN_TABLES, SHOWN_COLUMNS = 20, 8, 12
WITH_HEADER, JSON = (".csv", ".tsv"), ".json"


def contents(archives: Archives) -> Iterator[tuple[str, str]]:
    """Pairs: of files alike a pattern with their number, and each table of a few with its columns."""
    kinds = _by_kind(archives.names)
    shown = 0
    for pattern, names in list(kinds.items())[:SHOWN_KINDS]:
        tables = names[0].lower().endswith((*WITH_HEADER, JSON)) and shown + len(names) <= SHOWN_TABLES
        if tables:
            shown += len(names)
            yield from ((name, _columns(archives, name)) for name in names)
        elif len(names) == 1:
            yield names[0], "1 file"
        else:
            yield pattern, f"{len(names):,} files, as {names[0]}"
    if len(kinds) > SHOWN_KINDS:
        yield "and more", f"{len(kinds) - SHOWN_KINDS} kinds of file"


def _by_kind(names: Sequence[str]) -> dict[str, list[str]]:
    """By top folder, depth and suffix: `train/*/*.jpg`."""
    kinds: dict[str, list[str]] = defaultdict(list)
    for name in names:
        path = PurePosixPath(name)
        above = path.parts[:1] + ("*",) * (len(path.parts) - 2) if len(path.parts) > 1 else ()
        kinds["/".join([*above, f"*{path.suffix}"])].append(name)
    return dict(kinds)


def _columns(archives: Archives, name: str) -> str:
    if name.lower().endswith(JSON):
        return json_keys(archives, name)
    try:
        return f"columns {listed(read_header(archives, name), SHOWN_COLUMNS)}"
    except Refusal:
        return "no table with a header"


LARGEST_BYTES = 1 << 24
"""Parsed in a fraction of a second; a larger file is not opened."""
SHOWN = 12


def json_keys(archives: Archives, name: str) -> str:
    """In words; of a file that is too large, or no json, no more than that it is there."""
    if archives.size(name) > LARGEST_BYTES:
        return "1 file"
    try:
        return _keys(parsed_json(archives.read(name)))
    except (Refusal, ValueError, RecursionError):
        return "1 file"


def _keys(parsed: Any) -> str:
    if isinstance(parsed, list):
        return f"objects with {listed(parsed[0], SHOWN)}" if _has_objects(parsed) else "1 file"
    if not isinstance(parsed, dict) or not parsed:
        return "1 file"
    lists = {key: values for key, values in parsed.items() if isinstance(values, list) and _has_objects(values)}
    if lists:
        return "; ".join(f"{key} with {listed(values[0], SHOWN)}" for key, values in lists.items())
    if _has_objects(list(parsed.values())):
        first, its = next(iter(parsed.items()))
        return f"objects by key, as {first} with {listed(its, SHOWN)}"
    return f"an object with {listed(parsed, 3)}"


def _has_objects(values: list[Any]) -> bool:
    return bool(values) and isinstance(values[0], dict)
