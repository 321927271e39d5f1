import pandas as pd
import pytest

from foldline.card.targets.number_targets import LabelDistribution
from foldline.files.refusal import Refusal

VOTES = LabelDistribution(kind="label_distribution", columns=("seizure_vote", "other_vote"), group=None)


def table(*votes: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame(votes, columns=["seizure_vote", "other_vote"], dtype="str")


def test_votes_become_shares() -> None:
    found = VOTES.read(table(("3", "1"), ("0", "0.5")), "train.csv")
    assert found.tolist() == [
        (("seizure_vote", 0.75), ("other_vote", 0.25)),
        (("seizure_vote", 0.0), ("other_vote", 1.0)),
    ]


@pytest.mark.parametrize(
    ("votes", "message"),
    [
        (
            ("1", "-1"),
            r"`other_vote` is '-1' on line 3 \(1 lines\): it must be a number of votes, or a share",
        ),
        (("x", "1"), "`seizure_vote` is 'x' on line 3"),
        (("", "1"), "`seizure_vote` is empty on line 3"),
        (("0", "0"), "`seizure_vote` is '0' on line 3 .* more than 0 where all other target.columns are 0"),
    ],
)
def test_what_is_no_vote_is_refused(votes: tuple[str, str], message: str) -> None:
    with pytest.raises(Refusal, match=message):
        VOTES.read(table(("3", "1"), votes), "train.csv")
