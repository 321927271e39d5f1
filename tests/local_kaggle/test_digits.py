import hashlib
import io
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from foldline.files.whole_files import sha256
from foldline.local_kaggle.digits import write_digits
from foldline.local_kaggle.hosted_competition import read_competition


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built-in") / "digits"
    write_digits(folder)
    return folder


def test_the_same_bytes_on_every_machine(digits: Path) -> None:
    archive = digits / "files" / "digits.zip"
    assert sha256(archive) == "a770d7f9e055b3ce2ecd2f7053190ec580025499c14da850752f81f7c215de40"


def test_laid_out_as_kaggle_would(digits: Path) -> None:
    with zipfile.ZipFile(digits / "files" / "digits.zip") as archive:
        labels = pd.read_csv(archive.open("labels.csv"), dtype=str)
        sample = pd.read_csv(archive.open("sample_submission.csv"), dtype={"id": str})
        names = set(archive.namelist())
    solution = pd.read_csv(digits / "solution.csv", dtype=str)
    assert (len(labels), len(sample)) == (1200, 597)
    assert list(sample.columns) == ["id", *"0123456789"]
    assert list(solution["id"]) == list(sample["id"])
    assert names == {
        *(f"train/{row_id}.png" for row_id in labels["id"]),
        *(f"test/{row_id}.png" for row_id in sample["id"]),
        "labels.csv",
        "sample_submission.csv",
    }
    # Stratified: the test part holds a third of every class.
    shares = solution["label"].value_counts() / labels["label"].value_counts()
    assert shares.between(0.48, 0.52).all()


def test_an_image_is_its_original_enlarged(digits: Path) -> None:
    row_id = hashlib.sha256(b"foldline digits 0").hexdigest()[:12]
    with zipfile.ZipFile(digits / "files" / "digits.zip") as archive:
        (name,) = [name for name in archive.namelist() if row_id in name]
        image = Image.open(io.BytesIO(archive.read(name)))
        assert (image.size, image.mode) == ((32, 32), "L")
        means = np.asarray(image, dtype=float).reshape(8, 4, 8, 4).mean(axis=(1, 3))
    assert np.corrcoef(means.ravel(), load_digits().images[0].ravel())[0, 1] > 0.98


def test_the_local_kaggle_takes_it(digits: Path, tmp_path: Path) -> None:
    competition = read_competition(digits, "digits", tmp_path)
    assert competition.archive == digits / "files" / "digits.zip"
    assert 200 < (competition.solution.usage == "Public").sum() < 400
