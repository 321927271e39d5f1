"""`foldline preview` and the doctor's page on a miniature with planted faults: the commands, what the pages hold, and
what they do without."""

import json
import re
import shutil
import sys
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import yaml

from foldline.files.places import Places
from foldline.files.refusal import Refusal
from pipelines import doctor, prepare, preview, split
from tests.competitions.conftest import CARDS, PARAMS, PREPARE, set_up
from tests.end_to_end.checkout import ROOT
from tests.pipelines.test_doctor import SLUG, ill

PLACES = Places(SLUG)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("leaves")
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        patched.setattr(sys, "argv", ["stage"])
        set_up(CARDS / f"{SLUG}.yaml", ill())
        train = yaml.safe_load((ROOT / "pipelines/recipes/digits.yaml").read_text())["train"]
        train["mixing"] = {"kind": "mixup_or_cutmix", "alpha": 1.0, "probability": 1.0, "off_last_epochs": 1}
        write(PARAMS | {"competition": SLUG, "train": train, "prepare": PREPARE | {"max_unreadable_fraction": 0.5}})
        for stage in (prepare, split):
            stage.main()
    return folder


@pytest.fixture
def project(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy to be changed, as the working folder."""
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["foldline preview"])
    return tmp_path


def write(params: dict[str, Any]) -> None:
    Path("params.yaml").write_text(yaml.safe_dump(params))


def text_of(page: Path) -> str:
    """What a person reads there."""
    body = re.sub(r"<(script|style).*?</\1>", " ", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def test_the_command_writes_a_page_of_all_that_there_is_to_see(project: Path) -> None:
    told = preview.main()
    assert told["page"] == PLACES.preview
    assert told["classes"] == "Train rows by their target: 2 sheets, of 12 rows"
    assert told["near-duplicates"] == (
        "2 near-duplicate pairs: 1 across train/test (leak), 1 of one image with different labels"
    )
    assert told["unreadable"] == "2 of 36 images cannot be read"
    changes = "recipe light, horizontal_flip, vertical_flip, rotate_180, mixing mixup_or_cutmix"
    assert told["augmentation"] == f"What training makes of images: {changes}"
    assert told["resizing"] == "Images of 36 x 48 become 18 x 24 by squash"
    assert told["left_out"] == []

    page, said = PLACES.preview.read_text(encoding="utf-8"), text_of(PLACES.preview)
    for words in (
        "blast: 12 rows",
        "1 pair of one image under different labels",
        "blast or normal?",
        "test_images/000003.jpg there is no such file",
        "test_images/000002.jpg of no known image format",
        "in its file 36 x 48 to a model 18 x 24",
    ):
        assert words in said, words
    assert re.search(r"(blast|normal): 0\.\d+", said), "mixed images say of what"
    pictures = json.loads(re.findall(r'id="pictures">(.*?)</script>', page, re.DOTALL)[0])
    assert set(re.findall(r'data-picture="([^"]+)"', page)) == set(pictures)
    assert re.findall(r'(?:src|href)="(?!#|data:)[^"]*', page) == []


def test_before_split_and_without_archives_it_says_what_is_missing(project: Path) -> None:
    PLACES.duplicates.unlink()
    shutil.rmtree(PLACES.archives)
    told = preview.main()
    assert told["left_out"] == ["near-duplicates (`dvc repro split` looks for them)"]
    said = text_of(PLACES.preview)
    assert "Left out: near-duplicates (`dvc repro split` looks for them)" in said
    assert "in its file" not in said
    assert "to a model 18 x 24" in said


def test_what_nobody_looked_for_is_not_called_absent(project: Path) -> None:
    params = yaml.safe_load(Path("params.yaml").read_text())
    params["split"]["near_duplicates"] = "ignored"
    params["prepare"]["height_pixels"] = 20
    write(params)
    (left_out,) = preview.main()["left_out"]
    assert left_out.startswith("near-duplicates (split.near_duplicates is ignored")
    assert "What params.yaml says of `prepare` has changed since: run `dvc repro split`" in text_of(PLACES.preview)


def test_another_seed_draws_other_pictures(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = []
    for words in ((), (), ("--seed", "1")):
        monkeypatch.setattr(sys, "argv", ["foldline preview", *words])
        preview.main()
        pages.append(PLACES.preview.read_bytes())
    assert pages[0] == pages[1] != pages[2]


def test_before_prepare_it_says_what_to_run(project: Path) -> None:
    PLACES.images.unlink()
    with pytest.raises(Refusal, match=r"images.parquet is absent. Run `dvc repro split` first.$"):
        preview.main()


def test_the_doctors_page_needs_no_stage(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    PLACES.rows.unlink()
    PLACES.pixels.unlink()
    monkeypatch.setattr(sys, "argv", ["foldline doctor", "--page"])
    told = doctor.main()
    assert told["page"] == PLACES.examination
    said = text_of(PLACES.examination)
    for words in (
        *told["warnings"],
        "rows 24 train, 12 test",
        "blast: 12 rows",
        "blast or normal?",
        "2 of 36 images cannot",
    ):
        assert words in said, words
    monkeypatch.setattr(sys, "argv", ["foldline doctor", "--page", "there/page.html"])
    assert doctor.main()["page"] == Path("there/page.html")
    assert Path("there/page.html").read_bytes() == PLACES.examination.read_bytes()


def test_before_the_download_the_doctor_has_no_page(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    PLACES.manifest.unlink()
    monkeypatch.setattr(sys, "argv", ["foldline doctor", "--page"])
    with pytest.raises(Refusal, match=r"^--page: there is nothing to show yet. Run `dvc repro download` first.$"):
        doctor.main()
