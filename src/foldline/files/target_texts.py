"""Targets of more than one label or number as `rows.parquet` holds them: json."""

import json
from collections.abc import Mapping, Sequence


def text_of_labels(labels: Sequence[str]) -> str:
    return json.dumps(labels, ensure_ascii=False)


def labels_of(text: str) -> list[str]:
    return json.loads(text)


def text_of_numbers(numbers: Mapping[str, float]) -> str:
    """Those that there are, by name."""
    return json.dumps(numbers, ensure_ascii=False)


def numbers_of(text: str) -> dict[str, float]:
    return json.loads(text)
