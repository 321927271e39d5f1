"""Section `submission` of a card: the form of the csv that the grader takes, as one of the kinds of card/forms."""

from typing import TYPE_CHECKING

from foldline.card.forms.form import Form
from foldline.params.kinds import by_kind, union_of

if TYPE_CHECKING:
    Submission = Form
else:
    Submission = union_of("foldline.card.forms", Form)

FORMS = by_kind(Submission, Form)
