"""A cache of JPEGs is as good as one of pixels: same index, same resumption, its bytes independent of processes."""

import errno
from pathlib import Path

import numpy as np
import pytest

from foldline.files.refusal import Refusal
from foldline.pixels.building import build, build_file
from foldline.pixels.cache import open_pixels
from foldline.pixels.resizing import PixelForm
from foldline.pixels.stores import JpegPixels, JpegStore, PixelStore
from tests.pixels.drawn import damage, encoded, scene, zipped

PLAIN = PixelForm(16, 24, 3, "squash")
FORM = PixelForm(16, 24, 3, "squash", store=JpegStore(kind="jpeg", quality=95))
MEMBERS = {f"{number}.png": encoded(scene(number, 16, 24)) for number in range(300)}


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archives")
    zipped(folder / "all.zip", MEMBERS)
    return folder


@pytest.mark.parametrize("channels", [1, 3])
def test_positions_are_decoded_as_they_are_asked_for(archives: Path, tmp_path: Path, channels: int) -> None:
    caches = [
        build(archives, ["all.zip"], list(MEMBERS), PixelForm(16, 24, channels, "squash", store=store), tmp_path)
        for store in (PixelStore(kind="pixels"), JpegStore(kind="jpeg", quality=95))
    ]
    plain, jpegs = (open_pixels(tmp_path, cache.key, build_again=lambda: None) for cache in caches)
    assert isinstance(jpegs, JpegPixels)
    assert jpegs.shape == plain.shape and len(jpegs) == 300 and jpegs.dtype == plain.dtype
    for position in (299, 0, 7):
        assert np.abs(jpegs[position].astype(int) - plain[position]).mean() < 12
    assert np.array_equal(jpegs[-1], jpegs[299])
    assert caches[0].key.key != caches[1].key.key
    with pytest.raises(IndexError):
        jpegs[300]


def test_the_same_bytes_whichever_chunk_was_done_first(tmp_path: Path) -> None:
    images = np.stack([scene(number, 16, 24) for number in range(5)])
    files = [tmp_path / f"{first}.jpegs" for first in (0, 3)]
    for file, order in zip(files, ((0, 3), (3, 0)), strict=True):
        store = JpegStore(kind="jpeg", quality=95)
        store.reserve(file, images.shape, "uint8")
        hashes = {first: store.write(file, first, images[first : first + 3]) for first in order}
        store.finish(file, sorted(hashes.items()))
        assert not file.with_suffix(".parts").exists()
    assert files[0].read_bytes() == files[1].read_bytes()


def test_an_interrupted_build_goes_on_where_it_stopped(tmp_path: Path) -> None:
    archive, file = tmp_path / "all.zip", tmp_path / "cache.jpegs"
    zipped(archive, MEMBERS)
    damage(archive, MEMBERS["270.png"])
    with pytest.raises(Refusal, match=r"`270.png` is damaged"):
        build_file(file, tmp_path, ["all.zip"], list(MEMBERS), FORM)
    swapped = {name: MEMBERS[f"{299 - number}.png"] for number, name in enumerate(MEMBERS)}
    zipped(archive, swapped)
    decoded = build_file(file, tmp_path, ["all.zip"], list(MEMBERS), FORM)
    pixels = JpegPixels(file, (300, 16, 24, 3))
    assert np.abs(pixels[0].astype(int) - scene(0, 16, 24)).mean() < 12  # of the first chunk, which was done
    assert np.abs(pixels[270].astype(int) - scene(29, 16, 24)).mean() < 12
    assert len(decoded) == 300


def test_a_cut_off_store_is_refused(archives: Path, tmp_path: Path) -> None:
    cached = build(archives, ["all.zip"], list(MEMBERS), FORM, tmp_path)
    (file,) = tmp_path.glob("*.jpegs")
    file.write_bytes(file.read_bytes()[:-8])
    with pytest.raises(Refusal, match=r"is damaged \(it is cut off, or of other images\). Remove it"):
        open_pixels(tmp_path, cached.key, build_again=lambda: None)


def test_no_room_for_jpegs(archives: Path, tmp_path: Path) -> None:
    large = PixelForm(20_000_000, 10_000_000, 3, "squash", store=JpegStore(kind="jpeg", quality=95))
    with pytest.raises(
        Refusal, match=r"cache of JPEGs takes about 36,000,000,000,000,000 bytes, .* are free. Free some"
    ):
        build(archives, ["all.zip"], list(MEMBERS), large, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"build.lock"}


def test_a_cache_of_numbers_keeps_half_precision(tmp_path: Path) -> None:
    array = np.random.default_rng(0).normal(size=(8, 8, 2)).astype(np.float32)
    np.save(tmp_path / "a.npy", array)
    form = PixelForm(8, 8, 2, "squash", range=(-1.0, 1.0))
    cached = build(tmp_path, ["a.npy"], ["a.npy"], form, tmp_path / "pixels")
    pixels = open_pixels(tmp_path / "pixels", cached.key, build_again=lambda: None)
    assert cached.key.dtype == "float16" and pixels.dtype == np.float16
    assert np.allclose(pixels[0], (array + 1) * 127.5, rtol=1e-3, atol=0.05)


def test_a_full_disk_is_that_of_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, content: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    file, store = tmp_path / "cache.jpegs", JpegStore(kind="jpeg", quality=95)
    store.reserve(file, (1, 16, 24, 3), "uint8")
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match=r"No space left on device: '.*cache\.parts/0'"):
        store.write(file, 0, np.zeros((1, 16, 24, 3), np.uint8))
