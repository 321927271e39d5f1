"""A file that is read and is not what it must be ends in one message that names it, whatever it is instead."""

import io
import json
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from foldline.files.refusal import Refusal
from tests.files.readers import READERS

Put = Callable[[Path], object]
DEEP = 20_000


def npy(array: np.ndarray) -> bytes:
    stored = io.BytesIO()
    np.save(stored, array, allow_pickle=True)
    return stored.getvalue()


def parquet(table: pd.DataFrame) -> bytes:
    stored = io.BytesIO()
    table.to_parquet(stored)
    return stored.getvalue()


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "a").write_text("a")


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def link_to_itself(path: Path) -> None:
    path.unlink()
    path.symlink_to(path)


def absent(path: Path) -> None:
    path.unlink()


CONTENTS: dict[str, bytes] = {
    "one byte": b"\x00",
    "zeros": bytes(5_000),
    "noise": random.Random(0).randbytes(5_000),
    "text": "Größe, ä\n1, 2\n".encode(),
    "another encoding": "Größe, ä\n1, 2\n".encode("utf-16"),
    "a page of the web": b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>\n",
    "null": b"null",
    "a list": b"[1, 2]",
    "a number": b"17",
    "an object of nothing": b"{}",
    "an object of others": b'{"names": 5, "a": [null], "files": {"x": []}, "kind": [1], "classes": 3, "form": {}}',
    "brackets": b"[" * DEEP,
    "braces": b'{"a":' * DEEP,
    "brackets that close": b"[" * DEEP + b"]" * DEEP,
    "a huge number": b'{"count": ' + b"9" * 100_000 + b"}",
    "not a number": b'{"score": NaN, "count": Infinity, "height": -Infinity}',
    "aliases": b"a0: &a0 [x, x]\n" + b"".join(b"a%d: &a%d [*a%d, *a%d]\n" % (n, n, n - 1, n - 1) for n in range(1, 60)),
    "an alias of itself": b"a: &a [*a]\n",
    "a tag": b"a: !!python/object/apply:os.system [exit 1]\n",
    "a merge of nothing": b"<<: 3\n",
    "keys that are lists": b"? [a, b]\n: 1\n",
    "a gzip": b"\x1f\x8b\x08\x00" + bytes(50),
    "a zip": b"PK\x05\x06" + bytes(18),
    "a pickle": npy(np.array([{"a": 1}], dtype=object)),
    "an array of nothing": npy(np.zeros((0, 3))),
    "a single number": npy(np.array(1)),
    "texts": npy(np.array(["a", "b", "c"])),
    "not numbers": npy(np.full((3, 2), np.nan, np.float32)),
    "an array that says to be larger": npy(np.zeros(3)).replace(b"(3,), ", b"(3000000000,), "[:6]),
    "a table of others": parquet(pd.DataFrame({"x": [1, 2]})),
    "a table of no columns": parquet(pd.DataFrame(index=range(3))),
}
PUTS: dict[str, Put] = {
    **{name: (lambda path, content=content: path.write_bytes(content)) for name, content in CONTENTS.items()},
    "nothing": lambda path: path.write_bytes(b""),
    "half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "its end is missing": lambda path: path.write_bytes(path.read_bytes()[:-3]),
    "twice": lambda path: path.write_bytes(path.read_bytes() * 2),
    "a folder": folder,
    "a pipe": pipe,
    "a link to itself": link_to_itself,
    "absent": absent,
}
MAY_BE_READ = {
    *(("ledger.csv", what) for what in ("nothing", "absent", "a link to itself")),
    *(("work/s/score.json", what) for what in ("an object of nothing", "an object of others", "not a number")),
    *((f"{folder}/ids.parquet", "twice") for folder in ("logits", "predictions")),
    ("targets.npy", "not numbers"),
}
"""A ledger without a line is one of no submissions; of scores only the accuracy is read, where there is one; the end of
a parquet file says what it holds; targets that are numbers may be missing."""
STAND_FOR_ITSELF = ("half", "its end is missing", "twice")
"""Yaml, and tables without a hash, may be whole again."""


def refused(reader: str, put: Put, root: Path, has_to_be: bool = True) -> bool:
    """Whether the file is refused, by its name, and in words that are not a page long."""
    path = root / reader.strip()
    path.parent.mkdir(parents=True, exist_ok=True)
    READERS[reader].write(path)
    READERS[reader].read(path)
    put(path)
    try:
        READERS[reader].read(path)
    except Refusal as refusal:
        assert path.name in str(refusal) and len(str(refusal)) < 30_000, refusal
        return True
    assert not has_to_be, f"{reader} was read"
    return False


def has_to_be_refused(reader: str, what: str) -> bool:
    is_text = reader.strip().endswith((".yaml", ".csv"))
    return (reader, what) not in MAY_BE_READ and not (is_text and what in STAND_FOR_ITSELF)


@pytest.mark.parametrize("reader", list(READERS))
def test_a_few_of_each(reader: str, tmp_path: Path) -> None:
    chosen = random.Random(reader).sample(list(PUTS), 4)
    for number, what in enumerate(chosen):
        refused(reader, PUTS[what], tmp_path / str(number), has_to_be_refused(reader, what))


@pytest.mark.faults
@pytest.mark.parametrize("reader", list(READERS))
def test_all_of_each(reader: str, tmp_path: Path, outcome: Any) -> None:
    for number, what in enumerate(PUTS):
        is_refused = refused(reader, PUTS[what], tmp_path / str(number), has_to_be_refused(reader, what))
        outcome("hostile files", "refused" if is_refused else "survived")


OTHERS: tuple[Any, ...] = (None, [], {}, [[1]], "", "x" * 5_000, -1, 10**30, 1.5, float("nan"), True, {"kind": "none"})


def changed(value: Any) -> Iterator[Any]:
    """`value` with one part of it, at any depth, replaced, left out or added."""
    yield from OTHERS
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in list(parts):
        for other in changed(part):
            copy = value.copy()
            copy[key] = other
            yield copy
    if isinstance(value, dict):
        yield from ({key: part for key, part in value.items() if key != left_out} for left_out in value)
        yield value | {"surplus": 1}


def others_of_json(path: Path) -> Iterator[bytes]:
    content = json.loads(path.read_text())
    content.pop("hash", None)
    yield from (json.dumps(other).encode() for other in changed(content))


def others_of_yaml(path: Path) -> Iterator[bytes]:
    yield from (yaml.safe_dump(other).encode() for other in changed(yaml.safe_load(path.read_text())))


def others_of_parquet(path: Path) -> Iterator[bytes]:
    table = pd.read_parquet(path)
    for name in table:
        yield parquet(table.drop(columns=name))
        for other in (None, -1, 1e300, "é", [1]):
            values = [other] * len(table)
            yield parquet(table.assign(**{str(name): values}))
    yield parquet(table[:0])
    yield parquet(pd.concat([table, table]))


MUTATIONS = {".json": others_of_json, ".yaml": others_of_yaml, ".parquet": others_of_parquet}


@pytest.mark.faults
@pytest.mark.parametrize("reader", [reader for reader in READERS if Path(reader.strip()).suffix in MUTATIONS])
def test_one_part_is_another(reader: str, tmp_path: Path, outcome: Any) -> None:
    path = tmp_path / reader.strip()
    path.parent.mkdir(parents=True, exist_ok=True)
    READERS[reader].write(path)
    others = list(MUTATIONS[path.suffix](path))
    for other in random.Random(0).sample(others, min(len(others), 400)):
        path.write_bytes(other)
        try:
            READERS[reader].read(path)
        except Refusal as refusal:
            assert path.name in str(refusal), refusal
            outcome("files with another part", "refused")
