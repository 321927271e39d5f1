"""The card dog-breed-identification on a miniature of the competition, from its archive to a submission."""

import io
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

import pipelines.prepare
import pipelines.split
from foldline.archive.archives import ArchiveFile, Archives, Manifest, write_manifest
from foldline.card.description import read_classes
from foldline.card.forms.number_forms import ClassProbabilities
from foldline.card.target import Target
from foldline.competition.sample import read_sample
from foldline.competition.submission_check import check_submission
from foldline.competition.submission_file import write_submission
from foldline.ensembling.predictions import Predictions
from foldline.files.places import Places
from foldline.files.refusal import Refusal
from foldline.files.rows import read_rows
from foldline.folds.folds_table import read_folds
from foldline.metrics.decisions.rules import AsPredicted
from foldline.params.section import read_section
from foldline.pixels.cache import read_images, read_pixels_key
from tests.words import DISTRIBUTION

SLUG = "dog-breed-identification"
CARD = Path(__file__).parents[2] / "pipelines" / "competitions" / f"{SLUG}.yaml"
BREEDS = ("affenpinscher", "basset", "chow", "dingo", "pug")
TRAIN_IDS = tuple(f"{number:032x}" for number in range(40))
TEST_IDS = tuple(f"{number:032x}" for number in range(35, 45))
PARAMS = {
    "competition": SLUG,
    "prepare": {
        "height_pixels": 24,
        "width_pixels": 24,
        "resize": "squash",
        "store": {"kind": "pixels"},
        "max_unreadable_fraction": 0.05,
    },
    "split": {"count": 4, "seed": 0, "near_duplicates": "same_fold"},
}


def jpg(seed: int) -> bytes:
    """Broad coloured noise, 48 x 36: no two seeds are alike."""
    noise = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    stored = io.BytesIO()
    Image.fromarray(noise).resize((48, 36), Image.Resampling.BICUBIC).save(stored, "JPEG", quality=95)
    return stored.getvalue()


def draw(places: Places, replaced: dict[str, bytes]) -> None:
    """The archive and its manifest; `replaced`: other contents for some of its files."""
    labels = pd.DataFrame({"id": TRAIN_IDS, "breed": [BREEDS[number % 5] for number in range(40)]})
    sample = pd.DataFrame({"id": TEST_IDS, **dict.fromkeys(BREEDS, 1 / 5)})
    entries = {f"train/{row_id}.jpg": jpg(number) for number, row_id in enumerate(TRAIN_IDS)}
    entries |= {f"test/{row_id}.jpg": jpg(1000 + number) for number, row_id in enumerate(TEST_IDS)}
    entries |= {"labels.csv": labels.to_csv(index=False).encode()}
    entries |= {"sample_submission.csv": sample.to_csv(index=False).encode()}
    places.archives.mkdir(parents=True)
    with zipfile.ZipFile(places.archives / f"{SLUG}.zip", "w") as archive:
        for path, content in (entries | replaced).items():
            archive.writestr(path, content)
    file = ArchiveFile(name=f"{SLUG}.zip", bytes=1, sha256="")
    write_manifest(places.manifest, Manifest(competition=SLUG, files=(file,)))


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    """An empty checkout with the card, as the working folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["stage"])
    card = tmp_path / "pipelines" / "competitions" / CARD.name
    card.parent.mkdir(parents=True)
    card.write_bytes(CARD.read_bytes())
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(PARAMS))
    return Places(SLUG)


def test_the_miniature_goes_from_archives_to_submission(places: Places, capsys: pytest.CaptureFixture[str]) -> None:
    damaged = {f"train/{TRAIN_IDS[7]}.jpg": b"no image", f"test/{TEST_IDS[2]}.jpg": jpg(5)[:40]}
    draw(places, {f"train/{TRAIN_IDS[20]}.jpg": jpg(3), **damaged})

    pipelines.prepare.main()

    rows, images = read_rows(places.rows), read_images(places.images)
    assert rows["row_id"].tolist() == [*TRAIN_IDS, *TEST_IDS]
    assert np.load(places.targets)[:6].tolist() == [0, 1, 2, 3, 4, 0]
    assert read_classes(places.classes) == BREEDS
    assert images.loc[images["error"].notna(), "path"].tolist() == list(damaged)
    assert images.loc[images["error"].isna(), ["height", "width"]].drop_duplicates().values.tolist() == [[36, 48]]
    key = read_pixels_key(places.pixels)
    assert (key.count, key.height, key.width, key.channels) == (50, 24, 24, 3)
    assert f"2 unreadable images: train/{TRAIN_IDS[7]}.jpg: " in capsys.readouterr().out

    pipelines.split.main()

    folds = read_folds(places.folds).set_index("row_id")
    assert folds.index.tolist() == [row_id for row_id in TRAIN_IDS if row_id != TRAIN_IDS[7]]
    assert folds.loc[TRAIN_IDS[20], "cluster"] == folds.loc[TRAIN_IDS[3], "cluster"]
    assert folds["cluster"].nunique() == 38
    assert sorted(folds["fold"].value_counts()) == [9, 10, 10, 10]
    printed = capsys.readouterr().out
    assert "39 rows in 38 clusters" in printed
    assert "1 near-duplicate pair: 0 across train/test (leak), 1 of one image with different labels" in printed
    assert pd.read_csv(places.duplicates)["second_path"].tolist() == [f"train/{TRAIN_IDS[20]}.jpg"]

    test = np.random.default_rng(0).dirichlet(np.ones(5), size=10).astype(np.float32)
    nothing = np.zeros((0, 5), np.float32)
    predictions = Predictions(nothing, test, (), TEST_IDS, np.zeros(0, np.int64), BREEDS, DISTRIBUTION)
    form = read_section(CARD, "submission", ClassProbabilities)
    with Archives(places.archives, [f"{SLUG}.zip"]) as archives:
        sample = read_sample(archives, form)
    places.submission.parent.mkdir(parents=True)
    rule = AsPredicted(kind="as_predicted")
    write_submission(places.submission, sample, predictions, rule, form, read_section(CARD, "target", Target))

    check_submission(places.submission, sample, form, distributions=True)
    written = pd.read_csv(places.submission, index_col="id")
    np.testing.assert_allclose(written.loc[list(TEST_IDS), list(BREEDS)], test, rtol=1e-6)


def test_too_many_unreadable_images_leave_no_table(places: Places) -> None:
    draw(places, {f"train/{row_id}.jpg": b"" for row_id in TRAIN_IDS[:3]})

    with pytest.raises(Refusal, match=r"3 of 50 images cannot be read, a fraction of 0\.06, above prepare"):
        pipelines.prepare.main()

    assert not places.rows.exists()
    assert not places.pixels.exists()
    assert len(places.unreadable.read_text().splitlines()) == 1 + 3


def test_jpegs_of_what_they_cannot_hold_are_refused_by_prepare_alone(places: Places) -> None:
    draw(places, {})
    store = {"store": {"kind": "jpeg", "quality": 90}}
    Path("params.yaml").write_text(yaml.safe_dump(PARAMS | {"prepare": PARAMS["prepare"] | store}))
    card = Path("pipelines/competitions") / CARD.name
    content = yaml.safe_load(card.read_text())
    card.write_text(yaml.safe_dump(content | {"layout": content["layout"] | {"channels": 4}}))

    with pytest.raises(Refusal, match=r"'jpeg', which holds bytes of 1 or 3 channels, but .* has 4 channels of bytes"):
        pipelines.prepare.main()


def test_the_same_archives_give_the_same_bytes(places: Places) -> None:
    draw(places, {})
    written = []
    for _ in range(2):
        pipelines.prepare.main()
        pipelines.split.main()
        files = (places.rows, places.images, places.classes, places.pixels, places.folds)
        written.append([file.read_bytes() for file in files])
        for cache in places.pixel_caches.iterdir():
            cache.unlink()

    assert written[0] == written[1]


def test_apart_looks_for_no_near_duplicates(places: Places) -> None:
    draw(places, {f"train/{TRAIN_IDS[20]}.jpg": jpg(3)})
    Path("params.yaml").write_text(yaml.safe_dump(PARAMS | {"split": PARAMS["split"] | {"near_duplicates": "ignored"}}))

    pipelines.prepare.main()
    pipelines.split.main()

    assert read_folds(places.folds)["cluster"].nunique() == 40
