"""What a submission holds of a row: the one word by which metrics, targets and forms of submission fit each other."""

from typing import Literal

Answer = Literal["probabilities", "column_probabilities", "numbers", "labels", "confident_labels", "sets", "rankings"]
"""probabilities: of each class. column_probabilities: of each label of each column of a target of several labels."""

Truth = Literal[
    "positive", "class", "label", "level", "each_class", "set", "labels", "ranking", "vote_shares", "known_numbers"
]
"""How a target's rows are graded, of which a metric takes some and a kind of target is some.

positive: whether a row is. class: its one class, of those that the predictions know; label: the same, or a new class;
level: the same, of classes in order. each_class: of each class whether the row is of it. set: of which classes it is,
any number of them. labels: one of each column of a target of several. ranking: its one class, to be found among the
first ones. vote_shares: of each class. known_numbers: those that are known of the row's.
"""
