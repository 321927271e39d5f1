"""What a submission holds of a row: the one word by which metrics, targets and forms of submission fit each other."""

from typing import Literal

Answer = Literal["probabilities", "column_probabilities", "numbers", "labels", "confident_labels", "sets", "rankings"]
"""probabilities: of each class. column_probabilities: of each label of each column of a target of several labels."""
