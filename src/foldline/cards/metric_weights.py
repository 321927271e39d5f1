"""Weights of classes or columns, as cards give them."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

Weights = Annotated[Mapping[str, Annotated[float, Field(ge=0)]], Field(min_length=1)]
"""By the name of a class or column; those without one weigh 1."""
