"""The embedded competition: scikit-learn's 1,797 handwritten digits, laid out as Kaggle would."""

import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

from foldline.files.equal_zips import write_archive
from foldline.files.whole_files import whole_folder, write_text

TEST_ROWS = 597
SIDE_PIXELS = 32
BRIGHTEST = 16
"""The originals are 8 x 8 pixels of 0..16."""
DESCRIPTION = """\
title: Handwritten digits
metric: log_loss
sample: sample_submission.csv
extra_columns: refused
submissions_per_day: 100
state: running
"""


def write_digits(folder: Path) -> None:
    """Writes the competition's folder (see competition.py): the same bytes on every machine."""
    # Imported here: only the first run needs to wait for scikit-learn.
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    digits: Any = load_digits()
    ids = np.array(
        [hashlib.sha256(f"foldline digits {index}".encode()).hexdigest()[:12] for index in range(len(digits.target))]
    )
    train, test = train_test_split(
        np.arange(len(ids)), test_size=TEST_ROWS, stratify=digits.target, shuffle=True, random_state=0
    )
    # By id, so that the order does not reveal the labels.
    train, test = (part[np.argsort(ids[part])] for part in (train, test))
    images = [_png(_enlarged(image)) for image in digits.images]
    entries = {
        f"{part}/{ids[row]}.png": images[row] for part, rows in (("train", train), ("test", test)) for row in rows
    }
    classes = [str(name) for name in digits.target_names]
    entries["labels.csv"] = _csv(["id,label", *(f"{ids[row]},{digits.target[row]}" for row in train)])
    uniform = ",".join(["0.1"] * len(classes))
    entries["sample_submission.csv"] = _csv([",".join(["id", *classes]), *(f"{ids[row]},{uniform}" for row in test)])
    with whole_folder(folder) as partial:
        write_archive(partial / "files" / "digits.zip", entries.items())
        (partial / "solution.csv").write_bytes(
            _csv(["id,label", *(f"{ids[row]},{digits.target[row]}" for row in test)])
        )
        write_text(partial / "competition.yaml", DESCRIPTION)


def _enlarged(image: Float[np.ndarray, "8 8"]) -> UInt8[np.ndarray, "32 32"]:
    """Smooth, as a photograph would be; Pillow computes this in integers, so it is the same everywhere."""
    grey = np.rint(image * (255 / BRIGHTEST)).astype(np.uint8)
    return np.asarray(Image.fromarray(grey).resize((SIDE_PIXELS, SIDE_PIXELS), Image.Resampling.BICUBIC))


def _png(image: UInt8[np.ndarray, "height width"]) -> bytes:
    content = io.BytesIO()
    # Stored, not deflated: zlib and its replacements write different bytes for the same pixels.
    Image.fromarray(image).save(content, "PNG", compress_level=0)
    return content.getvalue()


def _csv(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
