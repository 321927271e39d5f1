"""In which parameters two experiments differ, by names that are short and clear."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from foldline.params.yaml_files import nested_values

UNSAID = ("competition", "submit")
"""Sections that change no result of a competition's."""


def flattened(params: Mapping[str, Any]) -> dict[str, Any]:
    """Each value by its path (`nested_values`). UNSAID sections are left out."""
    return {path: value for path, value in nested_values(params) if path.split(".")[0] not in UNSAID}


def changes(params: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    """What `params` has otherwise than `base`, both flattened; None for what it lacks."""
    paths = dict.fromkeys([*params, *base])
    return {path: params.get(path) for path in paths if _plain(params.get(path)) != _plain(base.get(path))}


def comparable(params: Mapping[str, Any]) -> dict[str, Any]:
    """Flattened values such that equal experiments are equal, however their numbers are written."""
    return {path: _plain(value) for path, value in params.items()}


def _plain(value: Any) -> Any:
    """Programs write `1e-3` as 0.001, people as they like."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, bool):
        return str(value).lower()
    try:
        return float(value)
    except (TypeError, ValueError):
        return value


def short_names(paths: Iterable[str]) -> dict[str, str]:
    """Each path by its last words, as many as tell it from the others: `weight_decay`."""
    ends = {path: _ends(path) for path in paths}
    often = Counter(end for of_path in ends.values() for end in of_path)
    return {path: next((end for end in of_path if often[end] == 1), path) for path, of_path in ends.items()}


def _ends(path: str) -> list[str]:
    words = path.split(".")
    return [".".join(words[-count:]) for count in range(1, len(words) + 1)]


def in_words(changed: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """`epochs=2, head=0.001`: what a line of a table says. What is not there any more goes without saying."""
    there = {names[path]: value for path, value in changed.items() if value is not None}
    return ", ".join(f"{name}={_as_text(value)}" for name, value in there.items())


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
