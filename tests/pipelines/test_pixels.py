"""A cache that is absent is built again by a process of its own, to the byte, or the stage says why it cannot be."""

import sys
from pathlib import Path

import pytest

from foldline.files.places import Places
from foldline.files.refusal import Refusal
from pipelines import prepare
from pipelines.pixels import open_cache
from tests.competitions.conftest import CARDS, set_up
from tests.pipelines.test_doctor import SLUG, ill


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["prepare"])
    places = set_up(CARDS / f"{SLUG}.yaml", ill(), max_unreadable_fraction=1.0)
    prepare.main()
    return places


def test_an_absent_cache_is_built_again(places: Places) -> None:
    (cache,) = places.pixel_caches.glob("*.npy")
    before = cache.read_bytes()
    cache.unlink()
    pixels = open_cache(places)
    assert len(pixels) == 36 and cache.read_bytes() == before


def test_a_cache_of_lost_archives_is_refused(places: Places, capfd: pytest.CaptureFixture[str]) -> None:
    (cache,) = places.pixel_caches.glob("*.npy")
    cache.unlink()
    (places.archives / f"{SLUG}.zip").unlink()
    with pytest.raises(Refusal, match="could not be built again, for the reason above"):
        open_cache(places)
    assert "does not exist, but the manifest lists it" in capfd.readouterr().err
