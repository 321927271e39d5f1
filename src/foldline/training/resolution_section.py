"""Part `train.resolution`: the size of training images."""

from typing import Annotated

from pydantic import Field

from foldline.params.quantities import WholeNumber
from foldline.params.section import Section


class Resolution(Section):
    """The size of training images as a share of the cached one, at which images are judged and predicted: grows
    evenly from `start_share` to `end_share` over the first `growing_epochs` epochs, and stays (Touvron et al. 2019
    predict at a larger size than they train at)."""

    start_share: Annotated[float, Field(gt=0, le=1)]
    end_share: Annotated[float, Field(gt=0, le=1)]
    growing_epochs: WholeNumber
