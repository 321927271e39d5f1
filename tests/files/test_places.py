"""A competition's name becomes part of paths, and leads nowhere else."""

from pathlib import Path

import pytest

from foldline.files.places import Places, card_file
from foldline.files.refusal import Refusal

ELSEWHERE = [
    "../x",
    "a/b",
    "/etc",
    "..",
    ".",
    "",
    "a\\b",
    ".git",
    "-x",
    "a" * 300,
    "a\n",
    "a b",
    "ä",
    "a\0b",
    "~",
    "$HOME",
]


@pytest.mark.parametrize("slug", ELSEWHERE)
def test_what_could_lead_elsewhere_is_no_slug(slug: str) -> None:
    for use in (Places, card_file):
        with pytest.raises(Refusal, match="is not a competition's slug") as refusal:
            use(slug)
        assert len(str(refusal.value)) < 400


@pytest.mark.parametrize("slug", ["digits", "Kannada-MNIST", "UBC-OCEAN", "dog-breed-identification", "a_b.c", "2020"])
def test_slugs(slug: str) -> None:
    assert Places(slug, Path("root")).archives == Path("root", "input", slug)
    assert card_file(slug).name == f"{slug}.yaml"
