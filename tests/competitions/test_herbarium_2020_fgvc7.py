"""herbarium-2020-fgvc7: as herbarium-2021, in a folder of its own; Kaggle has it in Latin-1, MLE-bench in ASCII."""

import pytest

from tests.competitions.conftest import Enter
from tests.competitions.drawing import Miniature, zipped
from tests.competitions.test_herbarium_2021_fgvc8 import draw_herbarium, grade


def draw(encoding: str = "latin-1") -> Miniature:
    files, labels, answers = draw_herbarium("nybg2020/", "regions", encoding)
    return Miniature({"herbarium-2020-fgvc7.zip": zipped(files)}, labels, answers)


@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
def test_a_json_in_latin_1(enter: Enter, encoding: str) -> None:
    grade(enter, "herbarium-2020-fgvc7", draw(encoding))
