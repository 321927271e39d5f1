"""Section `split`: how rows are dealt to folds."""

from typing import Annotated, Literal

from pydantic import Field

from foldline.params.section import Section


class Split(Section):
    count: Annotated[int, Field(ge=2, le=1000)]
    seed: Annotated[int, Field(ge=0)]
    near_duplicates: Literal["together", "apart"]
    """together: rows whose images are near-duplicates (verified on pixels) share a fold. apart: not looked for."""
