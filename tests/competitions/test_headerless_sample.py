"""A sample submission without a header line, from `prepare` to a csv without one."""

from pathlib import Path

import pandas as pd
import yaml

from tests.competitions import test_digit_recognizer
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature


def test_the_submission_has_no_header_either(enter: Enter, tmp_path: Path) -> None:
    drawn = test_digit_recognizer.draw()
    headerless = b"".join(drawn.files["sample_submission.csv"].splitlines(keepends=True)[1:])
    miniature = Miniature({**drawn.files, "sample_submission.csv": headerless}, drawn.labels, drawn.answers)
    card = yaml.safe_load((CARDS / "digit-recognizer.yaml").read_text())
    card["submission"]["sample"] = {
        "kind": "headerless",
        "name": "sample_submission.csv",
        "columns": ["ImageId", "Label"],
    }
    path = tmp_path / "cards" / "digit-recognizer.yaml"
    path.parent.mkdir()
    path.write_text(yaml.safe_dump(card))

    places = enter(path, miniature)

    written = pd.read_csv(places.submission, header=None, dtype=str)
    assert written[0].tolist() == list(miniature.answers)
    assert (written[1] == pd.Series(list(miniature.answers.values()))).mean() > 0.9
