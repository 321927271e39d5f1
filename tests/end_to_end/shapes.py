"""A small competition drawn for the tests, in Kaggle's form: circles, squares and triangles on noise."""

import csv
from pathlib import Path

import cv2
import numpy as np

CLASSES = ("circle", "square", "triangle")
SIDE_PIXELS = 40
TRAIN_ROWS, TEST_ROWS = 72, 30

CARD = """\
slug: shapes
title: Shapes
host:
  kind: local
  source: {source}
layout:
  channels: 3
  range: null
  aggregate: mean
  train: {{kind: table, table: labels.csv, id: id, path: "train/{{id}}.jpg"}}
  test: {{kind: table, table: sample_submission.csv, id: id, path: "test/{{id}}.jpg"}}
target:
  kind: multiclass
  column: shape
  group: null
features: null
metric:
  kind: log_loss
submission:
  kind: class_probabilities
  sample: sample_submission.csv
  id: id
  extra_columns: ignored
symmetries: [horizontal_flip]
"""


DESCRIPTION = """\
title: Shapes
metric: log_loss
sample: sample_submission.csv
extra_columns: ignored
submissions_per_day: 5
state: running
"""


def draw_competition(folder: Path) -> None:
    """A folder for the local Kaggle: `files/` to download, `solution.csv` with the answers, `competition.yaml`."""
    (folder / "competition.yaml").write_text(DESCRIPTION)
    generator = np.random.default_rng(0)
    train = [(f"a{number:04d}", CLASSES[number % 3]) for number in range(TRAIN_ROWS)]
    test = [(f"b{number:04d}", CLASSES[number % 3]) for number in range(TEST_ROWS)]
    for part, rows in (("train", train), ("test", test)):
        (folder / "files" / part).mkdir(parents=True)
        for row_id, shape in rows:
            cv2.imwrite(str(folder / "files" / part / f"{row_id}.jpg"), _draw(shape, generator))
    _write(folder / "files" / "labels.csv", ("id", "shape"), train)
    _write(
        folder / "files" / "sample_submission.csv",
        ("id", *CLASSES),
        [(row_id, *([1 / 3] * 3)) for row_id, _ in test],
    )
    usage = ["Public" if number % 2 else "Private" for number in range(TEST_ROWS)]
    _write(
        folder / "solution.csv",
        ("id", "shape", "Usage"),
        [(*row, use) for row, use in zip(test, usage, strict=True)],
    )


def _draw(shape: str, generator: np.random.Generator) -> np.ndarray:
    """One image, BGR, on noise: its colour and place say nothing of its class."""
    image = generator.integers(0, 60, (SIDE_PIXELS, SIDE_PIXELS, 3), dtype=np.uint8)
    colour = tuple(int(value) for value in generator.integers(120, 256, 3))
    x, y = (int(value) for value in generator.integers(14, 26, 2))
    radius = int(generator.integers(8, 13))
    if shape == "circle":
        cv2.circle(image, (x, y), radius, colour, -1)
    elif shape == "square":
        cv2.rectangle(image, (x - radius, y - radius), (x + radius, y + radius), colour, -1)
    else:
        corners = np.array([[x, y - radius], [x - radius, y + radius], [x + radius, y + radius]])
        cv2.fillPoly(image, [corners], colour)
    return image


def _write(path: Path, header: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
