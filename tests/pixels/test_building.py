"""The pixel cache: one decode per image, the same bytes however it is built, nothing broken by an interruption."""

import io
import json
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from xxhash import xxh3_128_hexdigest

from foldline.files.refusal import Refusal
from foldline.pixels import building
from foldline.pixels.building import KEPT_CACHES, BuiltCache, build, build_file, rebuild
from foldline.pixels.cache import MISSING, open_pixels, read_pixels_key, write_pixels_key
from foldline.pixels.cached_pixels import length_at_end
from foldline.pixels.chunks import UNREADABLE_GREY
from foldline.pixels.resizing import PixelForm
from foldline.pixels.stores import JpegStore
from tests.pixels.drawn import damage, encoded, npy, scene, zipped

FORM = PixelForm(8, 12, 3, "squash")
MEMBERS = {f"train/{number}.png": encoded(scene(number, 16, 24)) for number in range(5)}


@pytest.fixture
def archives(tmp_path: Path) -> Path:
    zipped(tmp_path / "all.zip", MEMBERS)
    return tmp_path


def built(folder: Path, paths: Sequence[str] = tuple(MEMBERS), form: PixelForm = FORM) -> BuiltCache:
    return build(folder, ["all.zip"], paths, form, folder / "pixels")


def opened(folder: Path, cached: BuiltCache) -> np.ndarray:
    caches = folder / "pixels"
    return open_pixels(caches, cached.key, lambda: rebuild(caches, cached.key, cached.decoded, folder, ["all.zip"]))


def test_every_image_is_decoded_once_in_the_order_of_first_appearance(archives: Path) -> None:
    cached = built(archives, ["train/3.png", "train/1.png", "train/3.png"])
    decoded = cached.decoded
    assert decoded["path"].tolist() == ["train/3.png", "train/1.png"]
    assert decoded["cache_index"].tolist() == [0, 1]
    assert decoded[["height", "width"]].to_numpy().tolist() == [[16, 24], [16, 24]]
    assert decoded["exact_hash"][0] == xxh3_128_hexdigest(MEMBERS["train/3.png"])
    assert decoded["perceptual_hash"].dtype == np.int64
    assert decoded["error"].isna().all()
    pixels = opened(archives, cached)
    assert pixels.shape == cached.key.shape == (2, 8, 12, 3)
    # Exactly half the size: the mean of each four pixels.
    means = scene(1, 16, 24).reshape(8, 2, 12, 2, 3).mean(axis=(1, 3))
    assert np.abs(pixels[1] - means).max() <= 1
    assert not pixels[1].flags.writeable


def test_numbers_without_a_range_are_refused_after_the_first_chunk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("foldline.pixels.building.CHUNK_IMAGES", 2)
    stored = io.BytesIO()
    np.save(stored, np.ones((4, 4), np.float32))
    zipped(
        tmp_path / "all.zip", {"a.png": MEMBERS["train/0.png"], **dict.fromkeys(("b.npy", "c.npy"), stored.getvalue())}
    )
    with pytest.raises(
        Refusal, match=r"the first 2 images cannot be read, b.npy for one: .*give the card's layout.range"
    ):
        built(tmp_path, ["b.npy", "c.npy", "a.png"])
    assert built(tmp_path, ["a.png", "b.npy", "c.npy"]).decoded["error"].notna().tolist() == [False, True, True]


@pytest.mark.parametrize(
    ("values", "value_range", "said"),
    [
        (np.full((8, 12), 100, np.uint8), (0, 1), r"100 to 100 in a.npy and the next ones. Their .* `range: null`"),
        (np.linspace(-1000, 3000, 96, dtype=np.int16).reshape(8, 12), (0, 1), r"-1000 to 3000 .* \[-1000, 3000\]"),
        (np.full((8, 12), 6e4, np.float32), (0, 1), r"2 of the first 3 images .* \[0.0, 1.0\] .*from 60000 to 60000"),
        # Of a brain most is air and bone, and a narrow window is a person's choice.
        (np.repeat(np.float32([-1000, 40, 900]), 32).reshape(8, 12), (0, 80), None),
    ],
)
def test_a_range_of_other_numbers_is_refused_after_the_first_chunk(
    tmp_path: Path, values: np.ndarray, value_range: tuple[float, float], said: str | None
) -> None:
    arrays = {"a.npy": values, "b.npy": values, "c.npy": np.full((8, 12), 0.5)}
    zipped(tmp_path / "all.zip", {name: npy(array) for name, array in arrays.items()})
    form = PixelForm(8, 12, 1, "squash", tuple(map(float, value_range)))
    if said is None:
        assert built(tmp_path, list(arrays), form).decoded["error"].isna().all()
        return
    with pytest.raises(Refusal, match=f"most numbers of {said}" if said.startswith("2") else said):
        built(tmp_path, list(arrays), form)


def test_a_channel_without_a_number_does_not_hide_that_the_range_is_of_others(tmp_path: Path) -> None:
    arrays = {"a.npy": np.full((8, 12), 300.0), "b.npy": np.full((8, 12), 900.0), "c.npy": np.full((8, 12), np.nan)}
    zipped(tmp_path / "all.zip", {name: npy(array) for name, array in arrays.items()})
    with pytest.raises(Refusal, match=r"they go from 300 to 900 in a\.npy"):
        built(tmp_path, ["|".join(arrays)], PixelForm(8, 12, 3, "squash", (0.0, 1.0)))


def test_an_unreadable_image_keeps_its_place(tmp_path: Path) -> None:
    zipped(tmp_path / "all.zip", {"a.png": b"", "b.png": MEMBERS["train/0.png"]})
    cached = built(tmp_path, ["a.png", "b.png"])
    assert cached.decoded["error"][0] == "the file is empty"
    assert cached.decoded["error"].isna().tolist() == [False, True]
    pixels = opened(tmp_path, cached)
    assert (pixels[0] == UNREADABLE_GREY).all() and pixels[1].std() > 0


def test_no_codec_tears_the_progress_bar(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    zipped(tmp_path / "all.zip", {"a.tif": encoded(scene(0), "TIFF")[:900]})
    assert built(tmp_path, ["a.tif"]).decoded["error"].notna().all()
    lines = capfd.readouterr().err.replace("\r", "\n").splitlines()
    assert [line for line in lines if line and not line.startswith("decoding")] == []


def test_the_key_is_of_contents_and_form_and_nothing_else(archives: Path, tmp_path: Path) -> None:
    key = built(archives).key
    other = tmp_path / "other"
    other.mkdir()
    for name, content in MEMBERS.items():
        (other / Path(name).name).write_bytes(content)
    names = [Path(name).name for name in MEMBERS]
    assert build(other, names, names, FORM, other / "pixels").key == key
    assert build(other, names, names[::-1], FORM, other / "pixels").key != key
    assert built(archives, form=PixelForm(8, 12, 3, "pad")).key.key != key.key


@pytest.mark.parametrize(
    ("form", "key"),
    [
        (FORM, "326e75477614fd9d"),
        (PixelForm(8, 12, 1, "pad", (0.0, 4.0)), "643633b639a121ad"),
        (PixelForm(8, 12, 3, "crop", store=JpegStore(kind="jpeg", quality=90)), "19d6018e699a95f9"),
    ],
)
def test_the_key_of_known_contents_is_known(form: PixelForm, key: str, tmp_path: Path) -> None:
    """Another one would make everybody's trained folds stale: raise `VERSION` where pixels change, and only there."""
    written = building._key(pd.DataFrame({"exact_hash": ["0f" * 16, "a0" * 16]}), form)
    assert written.key.startswith(key)
    write_pixels_key(tmp_path / "pixels.json", written)
    assert read_pixels_key(tmp_path / "pixels.json") == written
    names = ["key", "count", "height", "width", "channels", "dtype", "resize", "range", "jpeg_quality", "hash"]
    assert list(json.loads((tmp_path / "pixels.json").read_text())) == names


def test_what_was_built_is_not_decoded_again(archives: Path) -> None:
    first = built(archives)
    archive = archives / "all.zip"
    stat = archive.stat()
    archive.write_bytes(b"\0" * stat.st_size)
    os.utime(archive, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    again = built(archives)
    assert again.key == first.key
    assert again.decoded.equals(first.decoded)


def test_an_absent_cache_is_built_again_for_all_who_wait(archives: Path) -> None:
    cached = built(archives)
    expected = np.array(opened(archives, cached))
    (archives / "pixels" / f"{cached.key.key}.npy").unlink()
    with ThreadPoolExecutor(4) as pool:
        for pixels in pool.map(lambda _: opened(archives, cached), range(4)):
            assert np.array_equal(pixels, expected)


def test_other_images_than_recorded_are_refused(archives: Path) -> None:
    cached = built(archives)
    (archives / "pixels" / f"{cached.key.key}.npy").unlink()
    zipped(archives / "all.zip", {**MEMBERS, "train/2.png": MEMBERS["train/0.png"]})
    with pytest.raises(Refusal, match=r"not those that the stage `prepare` read: .*Run `dvc repro`"):
        opened(archives, cached)


def test_a_damaged_cache_is_refused(archives: Path) -> None:
    cached = built(archives)
    path = archives / "pixels" / f"{cached.key.key}.npy"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(Refusal, match=r"is damaged .* Remove it, it will be built again"):
        opened(archives, cached)
    np.save(path, np.zeros((1, 2, 3), np.uint8))
    with pytest.raises(Refusal, match=r"uint8 of \(1, 2, 3\), not \(5, 8, 12, 3\). Remove it"):
        opened(archives, cached)


def test_only_the_last_caches_are_kept(archives: Path) -> None:
    keys = [built(archives, form=PixelForm(side, side, 1, "squash")).key.key for side in range(4, 9)]
    kept = {path.name.split(".")[0] for path in (archives / "pixels").iterdir()} - {"build"}
    assert kept == set(keys[-KEPT_CACHES:])


def test_an_abandoned_build_makes_room_for_another(archives: Path) -> None:
    kept = built(archives).key.key
    damage(archives / "all.zip", MEMBERS["train/4.png"])
    for form in (PixelForm(9, 9, 3, "squash"), PixelForm(7, 7, 3, "squash", store=JpegStore(kind="jpeg", quality=90))):
        with pytest.raises(Refusal, match="is damaged"):
            built(archives, form=form)
    parts = next((archives / "pixels").glob("*.parts"))
    killed = parts.with_name(f".{parts.stem}.jpegs.0123abcd.partial")
    killed.write_bytes(b"room")
    with pytest.raises(Refusal, match="is damaged"):
        built(archives, form=PixelForm(7, 7, 3, "squash", store=JpegStore(kind="jpeg", quality=90)))
    # Of the first, larger one nothing is left; the second one, and what is finished, are kept.
    found = {(path.name.split(".")[0] == kept, path.suffix) for path in (archives / "pixels").iterdir()}
    assert found == {(True, ".npy"), (True, ".parquet"), (False, ".parts"), (False, ".lock")}


def test_nothing_to_decode_and_no_room(archives: Path) -> None:
    with pytest.raises(Refusal, match="there is no image to decode"):
        built(archives, [])
    with pytest.raises(Refusal, match=r"5 images .* needs 3,000,000,000,000,000 bytes, .* are free. Free some"):
        built(archives, form=PixelForm(20_000_000, 10_000_000, 3, "squash"))
    assert {path.name for path in (archives / "pixels").iterdir()} == {"build.lock"}


def test_a_missing_image_is_listed_and_a_missing_archive_refused(archives: Path) -> None:
    assert built(archives, ["train/9.png"]).decoded["error"].tolist() == [MISSING]
    (archives / "all.zip").unlink()
    with pytest.raises(Refusal, match=r"all.zip does not exist, but the manifest lists it"):
        built(archives)


SMALL = PixelForm(4, 4, 1, "squash")
MANY = {f"{number}.png": encoded(scene(number, 6, 6)) for number in range(700)}


def on_cpus(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Builds are in as many processes, however small they are."""
    monkeypatch.setattr(building, "SMALL_BUILD_IMAGES", 0)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(count)))


def test_the_same_bytes_whatever_the_number_of_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zipped(tmp_path / "all.zip", MANY)
    caches = []
    for processes in (1, 2):
        on_cpus(processes, monkeypatch)
        caches.append(build(tmp_path, ["all.zip"], list(MANY), SMALL, tmp_path / str(processes)))
    assert caches[0].key == caches[1].key
    assert caches[0].decoded.equals(caches[1].decoded)
    files = [tmp_path / name / f"{caches[0].key.key}.npy" for name in ("1", "2")]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_an_interrupted_build_goes_on_where_it_stopped(tmp_path: Path) -> None:
    archive, unfinished = tmp_path / "all.zip", tmp_path / "unfinished.npy"
    zipped(archive, MANY)
    damage(archive, MANY["600.png"])
    with pytest.raises(Refusal, match=r"`600.png` is damaged"):
        build_file(unfinished, tmp_path, ["all.zip"], list(MANY), SMALL)
    journal = unfinished.with_suffix(".journal")
    assert len(journal.read_text().splitlines()) == 2
    with journal.open("a") as file:
        file.write("[512, 12, [[")  # the line that was being written
    with unfinished.open("rb+") as file:
        file.seek(-length_at_end(700) - 16 * (700 - 300), os.SEEK_END)
        file.write(b"\x07" * 16)  # image 300's pixels never reached the disk
    # Other images now, to see which are decoded again: those of the second chunk and of the third.
    swapped = {name: MANY[f"{699 - number}.png"] for number, name in enumerate(MANY)}
    zipped(archive, swapped)
    decoded = build_file(unfinished, tmp_path, ["all.zip"], list(MANY), SMALL)
    contents = [*list(MANY.values())[:256], *list(swapped.values())[256:]]
    assert decoded["exact_hash"].tolist() == [xxh3_128_hexdigest(content) for content in contents]
    zipped(archive, dict(zip(MANY, contents, strict=True)))
    build_file(tmp_path / "straight.npy", tmp_path, ["all.zip"], list(MANY), SMALL)
    assert np.array_equal(np.load(unfinished), np.load(tmp_path / "straight.npy"))


def test_a_killed_process_ends_the_build_and_leaves_nothing_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zipped(tmp_path / "all.zip", MANY)
    on_cpus(2, monkeypatch)

    def kill_first_child() -> None:
        while len(multiprocessing.active_children()) < 2:
            time.sleep(0.001)
        time.sleep(0.05)  # the pool is whole, its processes still import
        pid = multiprocessing.active_children()[0].pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_first_child)
    killer.start()
    with pytest.raises(Refusal, match=r"a process that decodes images died .* What was decoded is kept"):
        build(tmp_path, ["all.zip"], list(MANY), SMALL, tmp_path / "pixels")
    killer.join()
    assert not list((tmp_path / "pixels").glob("*.parquet"))
    again = build(tmp_path, ["all.zip"], list(MANY), SMALL, tmp_path / "pixels")
    assert again.key == build(tmp_path, ["all.zip"], list(MANY), SMALL, tmp_path / "straight").key
