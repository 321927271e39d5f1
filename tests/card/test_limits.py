"""Section `limits` of a card: of a competition that takes notebooks, and of no other."""

from pathlib import Path

import pytest

from foldline.card.card import read_card
from foldline.files.refusal import Refusal

DIGITS = Path(__file__).parents[2] / "pipelines/competitions/digits.yaml"


def test_a_card_may_say_how_much_its_notebook_has_to_do_in_which_time(tmp_path: Path) -> None:
    assert read_card(DIGITS).limits is None
    card = tmp_path / "digits.yaml"
    card.write_text(DIGITS.read_text() + "limits: {hidden_rows: 70000, hours: 9}\n")
    limits = read_card(card).limits
    assert limits is not None
    assert (limits.hidden_rows, limits.hours) == (70_000, 9)

    card.write_text(DIGITS.read_text() + "limits: {hidden_rows: 0, hour: 9}\n")
    with pytest.raises(Refusal, match=r"(?s)`limits.hour` is not a known key. Did you mean `hours`\?"):
        read_card(card)
