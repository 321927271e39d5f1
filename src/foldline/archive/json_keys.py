"""What a json file holds, for a person who writes a card: the keys of its first objects."""

from typing import Any

from foldline.archive.archives import Archives
from foldline.files.refusal import Refusal, listed
from foldline.files.texts import parsed_json

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
