"""Section `submission` of a card: the form of the csv that the grader takes, as one of the kinds of card/forms."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, get_args

from foldline.card.forms.form import Form
from foldline.params.kinds import union_of

if TYPE_CHECKING:
    Submission = Form
else:
    Submission = union_of("foldline.card.forms", Form)

_UNION: Any = Submission
FORMS: Mapping[str, type[Form]] = {
    get_args(form.model_fields["kind"].annotation)[0]: form for form in get_args(get_args(_UNION)[0])
}
"""By their `kind`."""
