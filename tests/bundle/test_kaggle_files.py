"""What Kaggle's client reads in a bundle, and the first cell of its notebook."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from foldline.bundle.kaggle_files import (
    LONGEST_SLUG,
    dataset_metadata,
    kernel_metadata,
    prediction_notebook,
    slug_of,
    title_of,
)
from foldline.files.notebooks import run_notebook
from foldline.files.sums import SUMS
from foldline.files.whole_files import sha256, write_json

LONG = "rsna-2024-lumbar-spine-degenerative-classification"


@pytest.mark.parametrize("competition", ["digits", LONG, f"{LONG}-again", "UBC-OCEAN", "x", "a_b.c"])
def test_slugs_have_the_length_that_kaggle_takes_and_titles_become_them(competition: str) -> None:
    slug = slug_of(competition)
    assert 6 <= len(slug) <= LONGEST_SLUG
    assert set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert title_of(slug).replace(" ", "-") == slug
    assert not slug.endswith("-")


def test_long_slugs_stay_apart() -> None:
    assert slug_of(LONG) != slug_of(f"{LONG}-again")


def test_every_key_is_written_and_the_network_is_off() -> None:
    kernel = kernel_metadata("me", "foldline-digits", "digits", "digits.ipynb", None)
    assert kernel["enable_internet"] is False
    assert kernel["docker_image_pinning_type"] == "original"
    assert (kernel["dataset_sources"], kernel["competition_sources"]) == (["me/foldline-digits"], ["digits"])
    assert dataset_metadata("me", "foldline-digits")["id"] == "me/foldline-digits"


@pytest.fixture(params=["foldline-digits", "datasets/me/foldline-digits"])
def bundle(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder of two files, where Kaggle would show it; its notebook lies elsewhere and has its first cell alone."""
    folder = tmp_path / "input" / request.param
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(bytes(100))
    (folder / "params.yaml").write_text("competition: digits\n")
    lines = [f"{sha256(path)}  {path.name}\n" for path in sorted(folder.iterdir())]
    (folder / SUMS).write_text("".join(lines))
    notebook = prediction_notebook("digits", "foldline-digits", sha256(folder / SUMS), {"foldline": "0.1.0"})
    notebook["cells"] = notebook["cells"][:2]
    write_json(tmp_path / "digits.ipynb", notebook, hashed=False)
    return folder


def verify(tmp_path: Path) -> subprocess.CompletedProcess[str]:
    inputs = tmp_path / "input"
    return run_notebook(tmp_path / "digits.ipynb", os.environ, inputs, tmp_path, Path(sys.executable))


def test_the_first_cell_finds_the_bundle_and_its_files_as_they_were_made(bundle: Path, tmp_path: Path) -> None:
    ended = verify(tmp_path)
    assert (ended.returncode, ended.stdout) == (0, f"{bundle}: 2 files as they were made\n")


def test_a_changed_byte_is_refused_by_the_first_cell(bundle: Path, tmp_path: Path) -> None:
    changed = bytearray(bytes(100))
    changed[50] = 1
    (bundle / "model.safetensors").write_bytes(changed)
    ended = verify(tmp_path)
    assert ended.returncode == 1
    assert "RuntimeError: missing or not what was made: model.safetensors. Upload the bundle again." in ended.stderr
    assert 'File "cell 2"' in ended.stderr


def test_a_changed_list_of_hashes_is_refused_too(bundle: Path, tmp_path: Path) -> None:
    (bundle / SUMS).write_text((bundle / SUMS).read_text() + "\n")
    ended = verify(tmp_path)
    assert ended.returncode == 1
    assert "the bundle foldline-digits is not below" in ended.stderr
