"""Section `target` of a card: what is predicted, as one of the kinds of card/targets.

`column` and `columns` name columns of the train table, or the named groups of a walk's regular expression. What each
kind means to models, predictions and metrics is the table "Targets, outputs, answers" of docs/design.md.
"""

from typing import Annotated

from foldline.card.targets.target_kind import TargetKind
from foldline.params.kinds import by_kind, union_of

Target = Annotated[TargetKind, union_of("foldline.card.targets", TargetKind)]

TARGETS = by_kind(Target, TargetKind)
