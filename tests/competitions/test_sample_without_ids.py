"""A sample submission without a column of ids, and one with a column without a name, from `prepare` to the csv."""

import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

from foldline.files.places import Places
from foldline.files.refusal import Refusal
from pipelines import check_submission
from tests.competitions import test_digit_recognizer
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, csv

DRAWN = test_digit_recognizer.draw()


def entered(enter: Enter, folder: Path, sample: bytes, submission: dict[str, object]) -> Places:
    miniature = Miniature({**DRAWN.files, "sample_submission.csv": sample}, DRAWN.labels, DRAWN.answers)
    card = yaml.safe_load((CARDS / "digit-recognizer.yaml").read_text())
    card["submission"] |= submission
    path = folder / "cards" / "digit-recognizer.yaml"
    path.parent.mkdir()
    path.write_text(yaml.safe_dump(card))
    return enter(path, miniature)


def test_lines_stand_for_the_test_rows_in_their_order(
    enter: Enter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = entered(enter, tmp_path, csv({"Label": ["0"] * len(DRAWN.answers)}), {"id": "line"})
    written = pd.read_csv(places.submission, dtype=str)
    assert list(written) == ["Label"]
    assert (written["Label"] == pd.Series(list(DRAWN.answers.values()))).mean() > 0.9

    monkeypatch.setattr(sys, "argv", ["check_submission", str(places.submission)])
    check_submission.main()
    lines = places.submission.read_text().splitlines(keepends=True)
    places.submission.unlink()
    places.submission.write_text("".join(lines[:-1]))
    with pytest.raises(Refusal, match=r"1 id of the sample submission is missing \(10\)"):
        check_submission.main()
    places.submission.write_text("".join([*lines[:2], "x\n", *lines[3:]]))
    with pytest.raises(Refusal, match=r"row 2 \(id `2`\): column `Label` is 'x'"):
        check_submission.main()


def test_a_name_that_is_empty_stays_empty(enter: Enter, tmp_path: Path) -> None:
    numbers = [str(100 + place) for place in range(len(DRAWN.answers))]
    sample = csv({"": numbers, "ImageId": DRAWN.answers.keys(), "Label": "0"})
    places = entered(enter, tmp_path, sample, {"copied": ["Unnamed: 0"]})
    header, first, *_ = places.submission.read_text().splitlines()
    assert header == ",ImageId,Label"
    assert first.startswith("100,1,")
