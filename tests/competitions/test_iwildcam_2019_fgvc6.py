"""iwildcam-2019-fgvc6: archives without folders, ids that repeat in all tables, with other labels in train; cameras as
groups. MLE-bench's sample submission was saved with an index.
"""

from collections.abc import Sequence

import pandas as pd
import pytest
from sklearn.metrics import accuracy_score

from foldline.files.rows import read_rows
from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, assigned, csv, image_files, numbered, zipped


def draw(of_mle_bench: bool = False) -> Miniature:
    ids = numbered(24, "5998cfa4-23d2-11e8-a6a3-{:012x}")
    categories = assigned(ids, ("0", "1", "14", "22"))
    # A raccoon and a deer in one image, and an empty image that is listed twice.
    lines = [*categories.items(), (ids[0], "1" if categories[ids[0]] != "1" else "14"), (ids[1], categories[ids[1]])]
    answers = assigned(numbered(12, "b005e5b2-2c0b-11e9-bcad-{:012x}"), ("0", "1", "14", "22"))
    tested = [*answers, next(iter(answers))]
    entries = {
        "train_images.zip": zipped(image_files([f"{row_id}.jpg" for row_id in ids], 0)),
        "test_images.zip": zipped(image_files([f"{row_id}.jpg" for row_id in answers], 100)),
        "train.csv": table(category_id=[label for _, label in lines], **described([row_id for row_id, _ in lines])),
        "test.csv": table(**described(tested) | {"location": [90] * len(tested)}),
    }
    if of_mle_bench:
        sample = pd.DataFrame({"Id": tested, "Category": 0}, index=pd.RangeIndex(1196, 1196 + len(tested)))
        entries["sample_submission.csv"] = sample.to_csv().encode()
    else:
        entries["sample_submission.csv"] = table(Id=tested, Predicted=[0] * len(tested))
    labels = {str(line): label for line, (_, label) in enumerate(lines, 1)}
    return Miniature({"iwildcam-2019-fgvc6.zip": zipped(entries)}, labels, answers)


def table(**columns: Sequence[object]) -> bytes:
    return csv(columns)


def described(ids: list[str]) -> dict[str, Sequence[object]]:
    return {
        "date_captured": [f"2011-05-13 23:{number:02}:18" for number in range(len(ids))],
        "file_name": [f"{row_id}.jpg" for row_id in ids],
        "id": list(ids),
        "location": [number % 6 for number in range(len(ids))],
        "seq_id": [f"6f0728a1-5a0b-11e8-8bd0-{number:012x}" for number in range(len(ids))],
    }


@pytest.mark.parametrize("of_mle_bench", [False, True])
def test_ids_repeat_and_the_sample_may_have_an_index(enter: Enter, of_mle_bench: bool) -> None:
    miniature = draw(of_mle_bench)
    places = enter(CARDS / "iwildcam-2019-fgvc6.yaml", miniature)

    answer = "Category" if of_mle_bench else "Predicted"
    header = ["Unnamed: 0", "Id", "Category"] if of_mle_bench else ["Id", "Predicted"]
    submission = pd.read_csv(places.submission)
    assert list(submission.columns) == header
    assert submission["Id"].tolist() == [*miniature.answers, next(iter(miniature.answers))]
    if of_mle_bench:
        assert submission["Unnamed: 0"].tolist() == list(range(1196, 1196 + 13)), "as the sample has it"
    truth = [miniature.answers[row_id] for row_id in submission["Id"]]
    assert accuracy_score(truth, grading.integers(submission[answer])) > 0.9
    assert len(read_rows(places.rows)) == 26 + 12
