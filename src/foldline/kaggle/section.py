"""Section `submit`: the words and the patience of an upload."""

from typing import Annotated

from pydantic import Field

from foldline.params.section import Section


class Submit(Section):
    message: str
    """What Kaggle lists beside the submission; the out-of-fold score and the run's id are added to it."""
    wait_seconds: Annotated[float, Field(ge=0)]
    """How long to wait for the score."""
