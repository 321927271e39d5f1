"""The way of a miniature from `prepare` to `format`, in this process, through the stages' own scripts."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from foldline.archive.archives import ArchiveFile, Manifest, write_manifest
from foldline.files.places import Places
from pipelines import clip, ensemble, format, prepare, split
from tests.competitions.drawing import Miniature
from tests.competitions.oracle import predict_fold

CARDS = Path(__file__).parents[2] / "pipelines" / "competitions"
PREPARE = {
    "height_pixels": 18,
    "width_pixels": 24,
    "resize": "squash",
    "store": {"kind": "pixels"},
    "max_unreadable_fraction": 0.0,
}
PARAMS = {
    "folds": [0, 1],
    "prepare": PREPARE,
    "train": {"seeds": [0]},
    "split": {"count": 2, "seed": 0, "near_duplicates": "same_fold"},
    "ensemble": {
        "views": "all",
        "average": "probabilities",
        "method": {"kind": "equal"},
        "temperature": {"kind": "none"},
    },
    "clip": {"bounds": {"kind": "none"}, "rule": "fitted"},
}

Enter = Callable[..., Places]
"""(card, miniature, max_unreadable_fraction=0.0)"""


@pytest.fixture
def enter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Enter:
    """A function that takes a card and a miniature to a checked submission.

    Models are left out: for each fold an oracle writes logits, which know the answers but for some noise.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["stage"])

    def run(card: Path, miniature: Miniature, max_unreadable_fraction: float = 0.0) -> Places:
        places = set_up(card, miniature, max_unreadable_fraction)
        prepare.main()
        split.main()
        for fold in PARAMS["folds"]:
            predict_fold(places, fold, miniature)
        ensemble.main()
        clip.main()
        format.main()
        return places

    return run


def set_up(card: Path, miniature: Miniature, max_unreadable_fraction: float = 0.0) -> Places:
    """The working folder as a checkout after `download`: the card, params.yaml, the archives and their manifest."""
    places = Places(card.stem)
    copied = Path("pipelines/competitions", card.name)
    copied.parent.mkdir(parents=True)
    shutil.copy(card, copied)
    for own in (CARDS / f"{card.stem}.py", card.with_suffix(".py")):
        if own.exists():
            shutil.copy(own, copied.parent)
    params = PARAMS | {
        "competition": card.stem,
        "prepare": PREPARE | {"max_unreadable_fraction": max_unreadable_fraction},
    }
    Path("params.yaml").write_text(yaml.safe_dump(params))
    places.archives.mkdir(parents=True)
    for name, content in miniature.files.items():
        (places.archives / name).write_bytes(content)
    listed = tuple(ArchiveFile(name=name, bytes=len(content), sha256="") for name, content in miniature.files.items())
    write_manifest(places.manifest, Manifest(competition=card.stem, files=listed))
    return places
