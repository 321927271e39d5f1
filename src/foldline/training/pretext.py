"""The kinds of the section `pretext`."""

from typing import Annotated

from foldline.params.kinds import union_of
from foldline.training.pretext_kind import Pretext

Pretexts = Annotated[Pretext, union_of("foldline.training.pretexts", Pretext)]
