"""Section `prepare`: the size of the cached pixels, and what to do with images that cannot be read."""

from typing import Annotated, Literal

from pydantic import Field

from foldline.params.section import Section

Pixels = Annotated[int, Field(ge=1, le=4096)]
Share = Annotated[float, Field(ge=0, le=1)]


class PixelStore(Section):
    """The pixels themselves: as fast as memory, height x width x channels bytes an image."""

    kind: Literal["pixels"]


class JpegStore(Section):
    """JPEGs of the resized pictures, for when pixels would not fit: a tenth of the space, decoded every time."""

    kind: Literal["jpeg"]
    quality: Annotated[int, Field(ge=50, le=100)]


class Prepare(Section):
    height_pixels: Pixels
    width_pixels: Pixels
    resize: Literal["squash", "crop", "pad"]
    """squash: both sides to size, whatever the aspect. crop: the short side to size, then the centre. pad: the whole
    image at the target's aspect, black beside it."""
    store: Annotated[PixelStore | JpegStore, Field(discriminator="kind")]
    unreadable_share: Share
    """Up to this share of images may be unreadable; they are listed. Above it the stage refuses."""
