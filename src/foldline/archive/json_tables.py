"""Tables as json: a list of objects, an object of columns, of rows or of pairs, an object per line."""

import json
from typing import Any

import pandas as pd

from foldline.files.refusal import listed
from foldline.files.texts import decoded, parsed_json

KEY, VALUE = "key", "value"
"""The columns of a json object without tables in it: `{"1.png": "cat"}`; an array of one dimension has the second, an
object of rows the first."""
ANOTHER_VALUE = "Extra data"
"""What json says when a value follows the first: the lines of a file called .json may be values of their own."""


def json_table(content: bytes) -> pd.DataFrame:
    """Raises ValueError for what is no table."""
    try:
        parsed = parsed_json(content)
    except json.JSONDecodeError as error:
        if error.msg != ANOTHER_VALUE:
            raise
        return json_lines(content)
    if isinstance(parsed, dict) and isinstance(parsed.get("images"), list):
        raise ValueError(f"it is an object with {listed(parsed)}, which a layout of kind `coco` reads")
    if isinstance(parsed, dict) and not any(isinstance(value, dict | list) for value in parsed.values()):
        return pd.DataFrame({KEY: list(parsed), VALUE: list(parsed.values())})
    if isinstance(parsed, dict) and _is_of_records(list(parsed.values())):
        return pd.DataFrame([{KEY: key} | record | {KEY: key} for key, record in parsed.items()])
    return pd.DataFrame(parsed)


def _is_of_records(values: list[Any]) -> bool:
    """Whether the objects in an object are rows (`{"a.mp4": {"label": "FAKE"}}`), no columns by the number of a row, as
    pandas writes them."""
    if not values or not all(isinstance(value, dict) for value in values):
        return False
    keys = {key for value in values for key in value}
    return len(keys) <= len(values) and keys != {str(place) for place in range(len(keys))}


def json_lines(content: bytes) -> pd.DataFrame:
    """Of an object per line."""
    # Not `splitlines`: it also ends a line at characters that may stand in a text of json.
    return pd.DataFrame([json.loads(line) for line in decoded(content).split("\n") if line.strip()])
