"""Every file of numbers tells when a bit of it has flipped."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save

from foldline.files.hashes import is_intact, seal
from foldline.files.refusal import Refusal
from foldline.files.rows import read_targets, write_targets
from foldline.files.truths import read_csv, read_parquet, write_csv
from foldline.files.whole_files import numbers_file, numbers_folder, read_json, write_json

TABLE = pd.DataFrame({"row_id": [f"{row:04}" for row in range(400)], "fold": np.arange(400) % 5})
ROWS = pd.DataFrame({"part": ["train"] * 400})
TARGETS = np.random.default_rng(0).random((400, 3)).astype(np.float32)
TENSORS = {"weight": torch.arange(3000.0).reshape(30, 100), "bias": torch.zeros(30, dtype=torch.float16)}


def write_table(path: Path) -> None:
    with numbers_file(path) as partial:
        TABLE.to_parquet(partial, index=False)


def write_model(path: Path) -> None:
    with numbers_file(path) as partial:
        partial.write_bytes(save(TENSORS, {"foldline": '{"name": "é"}'}))


def read_model(path: Path) -> list[Any]:
    if not is_intact(path):
        raise Refusal("damaged")
    with safe_open(path, "pt") as file:
        described = file.metadata()["foldline"]
    return [described, *(tensor.tolist() for _, tensor in sorted(load_file(path).items()))]


def write_numbers(path: Path) -> None:
    write_json(path, {"name": "é", "gains": {"a": 0.1, "b": None}, "rows": [1, 2]})


FILES: dict[str, tuple[Callable[[Path], None], Callable[[Path], Any]]] = {
    "targets.npy": (lambda path: write_targets(path, TARGETS), lambda path: read_targets(path, ROWS, "abc").tolist()),
    "table.parquet": (write_table, lambda path: read_parquet(path, list(TABLE.columns)).to_dict("list")),
    "folds.csv": (
        lambda path: write_csv(path, TABLE),
        lambda path: read_csv(path, list(TABLE.columns), {"row_id": str}).to_dict("list"),
    ),
    "metrics.json": (write_numbers, read_json),
    "model.safetensors": (write_model, read_model),
}


def flipped(path: Path, content: bytes, bit: int) -> None:
    """A new file each time, as a disk that flips one would have it: no time of change tells."""
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    path.unlink()
    path.write_bytes(changed)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("flips", [60, pytest.param(2000, marks=pytest.mark.faults)])
def test_a_flipped_bit_is_refused_or_changes_nothing(
    tmp_path: Path, name: str, flips: int, outcome: Callable[[str, str], None]
) -> None:
    write, read = FILES[name]
    path = tmp_path / name
    write(path)
    content, whole = path.read_bytes(), read(path)
    draws = random.Random(name)
    bits = {draws.randrange(8 * len(content)) for _ in range(flips)}
    bits |= set(range(8)) | {8 * len(content) - 1 - bit for bit in range(8)}
    refused = 0
    for bit in bits:
        flipped(path, content, bit)
        try:
            assert read(path) == whole, bit
            outcome("flipped bits in files of numbers", "survived")
        except Refusal:
            refused += 1
            outcome("flipped bits in files of numbers", "refused")
    assert refused > 0.9 * len(bits)


@pytest.mark.parametrize("name", FILES)
def test_what_an_earlier_version_wrote_is_read(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    write, read = FILES[name]
    write(tmp_path / name)
    whole = read(tmp_path / name)
    monkeypatch.setattr("foldline.files.whole_files.seal", lambda path, suffix: None)
    monkeypatch.setattr("foldline.files.whole_files.with_field", dict)
    monkeypatch.setattr("foldline.files.truths.FIELD", "cluster")
    monkeypatch.setattr("foldline.files.truths.UNHASHED", "")
    write(tmp_path / name)
    assert b"xxh3" not in (tmp_path / name).read_bytes()
    assert read(tmp_path / name) == whole


def test_equal_models_make_equal_bytes(tmp_path: Path) -> None:
    for name in ("a.safetensors", "b.safetensors"):
        write_model(tmp_path / name)
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


def test_a_last_page_of_zeros_is_damage(tmp_path: Path) -> None:
    """As a power cut leaves them."""
    with numbers_file(tmp_path / "a.npy") as partial, partial.open("wb") as file:
        np.save(file, TARGETS)
    with (tmp_path / "a.npy").open("rb+") as file:
        file.seek(-500, 2)
        file.write(bytes(500))
    assert not is_intact(tmp_path / "a.npy")


def test_a_folder_of_arrays_is_sealed_when_it_is_put_in_place(tmp_path: Path) -> None:
    with numbers_folder(tmp_path / "ensemble") as partial:
        np.save(partial / "test.npy", TARGETS)
        np.save(partial / "empty.npy", TARGETS[:0])
    for name, expected in (("test.npy", TARGETS), ("empty.npy", TARGETS[:0])):
        path = tmp_path / "ensemble" / name
        assert b"xxh3:" in path.read_bytes()
        assert is_intact(path)
        assert np.array_equal(np.load(path), expected)


def test_the_refusal_names_the_file_and_the_command(tmp_path: Path) -> None:
    path = tmp_path / "score.json"
    write_json(path, {"score": 1})
    path.write_text(path.read_text().replace("1,", "2,", 1))
    with pytest.raises(Refusal, match=r"score.json is damaged: .* Run `foldline repair .*score.json`.*its `hash`"):
        read_json(path)


def test_torch_reads_a_sealed_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "state.pt"
    torch.save(TENSORS, path)
    seal(path, path.suffix)
    assert is_intact(path)
    assert torch.equal(torch.load(path, weights_only=True)["weight"], TENSORS["weight"])
