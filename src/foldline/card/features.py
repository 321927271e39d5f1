"""Section `features` of a card: columns that say more of a row than its images do."""

from typing import Annotated

from pydantic import Field, model_validator

from foldline.params.section import Section

Column = Annotated[str, Field(min_length=1)]


class Features(Section):
    """`{numbers: [age_approx], categories: [sex, anatom_site_general_challenge]}`

    Columns of both layout.train and layout.test, one value per row, which may be missing. `*` stands for any text:
    `margin*` names all columns that begin so and that train and test rows have, but for those that the card names
    otherwise. Models learn from them with `train.model.tabular_features: concatenated`.
    """

    numbers: tuple[Column, ...]
    """An empty field, `na`, `nan`, `null`, `none` and `?` are a missing number, whatever their case."""
    categories: tuple[Column, ...]
    """Any text; an empty field is a missing one."""

    @model_validator(mode="after")
    def _names_columns(self) -> "Features":
        if not self.numbers and not self.categories:
            raise ValueError("features names no column: write `features: null`")
        return self
