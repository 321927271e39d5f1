"""bengaliai-cv19: three labels per image, a line for each in the sample; a pixel per column of parquet files."""

import io

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet
from sklearn.metrics import recall_score

from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, csv, numbered, pixels, zipped

PARTS = {"grapheme_root": 5, "vowel_diacritic": 3, "consonant_diacritic": 2}


def images(ids: list[str], seed: int) -> bytes:
    planes = [pixels(seed + number, 137, 236)[:, :, 0].ravel() for number in range(len(ids))]
    columns = {"image_id": ids} | {str(place): values for place, values in enumerate(np.stack(planes).T)}
    stored = io.BytesIO()
    # Of 32,332 columns, statistics and dictionaries would be most of the time.
    pyarrow.parquet.write_table(pyarrow.table(columns), stored, use_dictionary=False, write_statistics=False)
    return stored.getvalue()


def labelled(ids: list[str], seed: int) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    columns = {part: generator.permutation(np.arange(len(ids)) % count) for part, count in PARTS.items()}
    return pd.DataFrame(columns, index=pd.Index(ids, name="image_id"))


def names(labels: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    return {
        str(row_id): tuple(f"{part}={row[part]}" for part in PARTS)
        for row_id, row in zip(labels.index, labels.to_dict("records"), strict=True)
    }


def draw() -> Miniature:
    train, test = labelled(numbered(30, "Train_{}"), 0), labelled(numbered(10, "Test_{}"), 1)
    entries = {
        "train_image_data_0.parquet": images(list(train.index[:20]), 0),
        "train_image_data_1.parquet": images(list(train.index[20:]), 20),
        "test_image_data_0.parquet": images(list(test.index), 100),
        "train.csv": csv(train.reset_index().assign(grapheme="?")),
    }
    # The sample asks for the parts in another order than the card.
    asked = [(row_id, part) for row_id in test.index for part in reversed(PARTS)]
    lines = [f"{row_id}_{part}" for row_id, part in asked]
    entries["test.csv"] = csv(
        {"row_id": lines, "image_id": [row_id for row_id, _ in asked], "component": [part for _, part in asked]}
    )
    entries["sample_submission.csv"] = csv({"row_id": lines, "target": 0})
    return Miniature({"bengaliai-cv19.zip": zipped(entries)}, names(train), names(test))


def test_three_labels_per_image(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "bengaliai-cv19.yaml", miniature)

    answers = {
        f"{row_id}_{name.partition('=')[0]}": int(name.partition("=")[2])
        for row_id, row in miniature.answers.items()
        for name in row
    }
    submission = grading.read(places.submission, list(answers), ["row_id", "target"], exact=True)
    found = grading.integers(submission["target"]).astype(int)
    recalls = [
        recall_score(truth[part], given[part], average="macro")
        for truth, given in [(_by_part(pd.Series(answers)), _by_part(found))]
        for part in PARTS
    ]
    assert np.average(recalls, weights=[2, 1, 1]) > 0.9


def _by_part(lines: pd.Series) -> dict[str, pd.Series]:
    return {part: lines[lines.index.str.endswith(f"_{part}")] for part in PARTS}
