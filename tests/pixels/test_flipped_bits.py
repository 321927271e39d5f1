"""A flipped bit in the pixel cache is refused when its image is read, in whatever process reads it."""

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from foldline.files.hashes import MARK
from foldline.files.refusal import Refusal
from foldline.pixels.building import build
from foldline.pixels.cache import PixelsKey, open_pixels
from foldline.pixels.cached_pixels import length_at_end
from foldline.pixels.loaders import evaluation_loader
from foldline.pixels.resizing import PixelForm
from foldline.pixels.stores import JpegStore, PixelStore, Store
from tests.pixels.drawn import encoded, scene, zipped

COUNT = 12
STORES = (PixelStore(kind="pixels"), JpegStore(kind="jpeg", quality=95))


def built(store: Store, folder: Path) -> tuple[PixelsKey, Path]:
    entries = {f"{number}.png": encoded(scene(number, 16, 24)) for number in range(COUNT)}
    zipped(folder / "all.zip", entries)
    form = PixelForm(16, 24, 3, "squash", store=store)
    key = build(folder, ["all.zip"], list(entries), form, folder / "pixels").key
    return key, folder / "pixels" / f"{key.key}{store.suffix}"


def read_all(caches: Path, key: PixelsKey) -> np.ndarray:
    pixels = open_pixels(caches, key, build_again=lambda: None)
    return np.stack([pixels[number] for number in range(len(pixels))])


@pytest.mark.parametrize("store", STORES, ids=lambda store: store.kind)
@pytest.mark.parametrize("flips", [100, pytest.param(3000, marks=pytest.mark.faults)])
def test_it_is_refused_or_changes_nothing(
    store: Store, flips: int, tmp_path: Path, outcome: Callable[[str, str], None]
) -> None:
    key, file = built(store, tmp_path)
    whole, content = read_all(file.parent, key), file.read_bytes()
    draws = random.Random(0)
    of_header, of_hashes = range(8 * 128), range(8 * (len(content) - length_at_end(COUNT)), 8 * len(content))
    for _ in range(flips):
        bit = draws.choice((draws.randrange(8 * len(content)), draws.choice(of_header), draws.choice(of_hashes)))
        changed = bytearray(content)
        changed[bit // 8] ^= 1 << bit % 8
        file.unlink()
        file.write_bytes(changed)
        try:
            assert np.array_equal(read_all(file.parent, key), whole), bit
            outcome("flipped bits in the pixel cache", "survived")
        except Refusal as refusal:
            assert str(file) in str(refusal) and "Remove" in str(refusal)
            outcome("flipped bits in the pixel cache", "refused")


@pytest.mark.parametrize("workers", [0, 2])
def test_a_loader_says_it_in_one_line(workers: int, tmp_path: Path) -> None:
    key, file = built(STORES[0], tmp_path)
    content = bytearray(file.read_bytes())
    content[200] ^= 1
    file.write_bytes(content)
    pixels = open_pixels(file.parent, key, build_again=lambda: None)
    with pytest.raises(Refusal, match=rf"^{file} is damaged: its image 0 is not what was written .* anew\.$"):
        list(evaluation_loader(pixels, np.arange(COUNT), 4, workers))


@pytest.mark.parametrize("store", STORES, ids=lambda store: store.kind)
def test_a_cache_of_an_earlier_version_is_read(store: Store, tmp_path: Path) -> None:
    key, file = built(store, tmp_path)
    whole, content = read_all(file.parent, key), file.read_bytes()
    file.write_bytes(content[: -length_at_end(COUNT)])
    assert MARK not in file.read_bytes()
    assert np.array_equal(read_all(file.parent, key), whole)
