"""Section `submission` of a card: the form of the csv that the grader takes, as one of the kinds of card/forms."""

from typing import Annotated

from foldline.card.forms.form import Form
from foldline.params.kinds import by_kind, union_of

Submission = Annotated[Form, union_of("foldline.card.forms", Form)]

FORMS = by_kind(Submission, Form)
