"""The pictures of a page: each once, small, as WebP, and together never more than a page may weigh."""

import base64
import io
from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Shaped, UInt8
from PIL import Image

from foldline.pixels.cached_pixels import CachedPixels

SIDE_PIXELS = 96
QUALITY = 72
MOST_BYTES = 5_500_000
"""Of all pictures in a page, as text: of 8 MB the rest is Vega's and the tables'."""
PERCENTILES = (1, 99)


class Pictures:
    """The pictures that a page shows. A page names each by what `of` and `overlay` return."""

    def __init__(self, pixels: CachedPixels, side_pixels: int = SIDE_PIXELS, most_bytes: int = MOST_BYTES) -> None:
        self._pixels, self.side_pixels, self.most_bytes = pixels, side_pixels, most_bytes
        self.data: dict[str, str] = {}
        """By name, the address that holds the picture itself."""
        self.spent_bytes = 0

    def of(self, cache_index: int) -> str | None:
        """The picture of an image in the pixel cache; None once there is no room for it."""
        return self._named(f"i{cache_index}", lambda: shown(self._pixels[cache_index], self.side_pixels))

    def overlay(self, name: str, map_: Float[np.ndarray, "height width"]) -> str | None:
        """A map of numbers from 0 to 1 as a colour that lies over a picture, the higher the less transparent; the
        browser enlarges it smoothly. name: of no other overlay."""
        return self._named(f"m{name}", lambda: heat(map_))

    def version(
        self, name: str, pixels: Shaped[np.ndarray, "h w c"], like: Shaped[np.ndarray, "height width c"]
    ) -> str | None:
        """The picture of an image that is in no cache, at most twice as large. name: of no other such image. like: an
        image of the cache, of which this is a version: numbers are stretched as its own are."""
        return self._named(f"v{name}", lambda: shown(stretched(pixels, like), 2 * self.side_pixels))

    def affordable(self, share: float) -> int:
        """How many more pictures fit into this share of what is left, if they are as large as those so far."""
        taken = [len(data) for name, data in self.data.items() if name.startswith("i")]
        typical = sum(taken) / len(taken) if taken else self.side_pixels**2 / 2
        return int(share * (self.most_bytes - self.spent_bytes) / typical)

    def _named(self, name: str, drawn: Callable[[], Image.Image]) -> str | None:
        if name not in self.data:
            address = webp(drawn())
            if self.spent_bytes + len(address) > self.most_bytes:
                return None
            self.data[name] = address
            self.spent_bytes += len(address)
        return name


def shown(pixels: Shaped[np.ndarray, "height width channels"], side_pixels: int) -> Image.Image:
    """At most so large. Of two channels their mean in grey, of more than three the first three as red, green and blue;
    numbers are stretched between two percentiles of the image's own."""
    channels = pixels.shape[2]
    some = pixels.mean(axis=2, keepdims=True) if channels == 2 else pixels[:, :, :3]
    drawn = some.astype(np.uint8) if pixels.dtype == np.uint8 else stretched(some, some)
    image = Image.fromarray(drawn[:, :, 0] if drawn.shape[2] == 1 else drawn)
    image.thumbnail((side_pixels, side_pixels), Image.Resampling.LANCZOS)
    return image


def stretched(
    pixels: Shaped[np.ndarray, "height width c"], like: Shaped[np.ndarray, "h w c"]
) -> UInt8[np.ndarray, "height width c"]:
    """As bytes: between two percentiles of `like` where these are numbers; where they are bytes, from 0 to 255."""
    low, high = (0, 255) if like.dtype == np.uint8 else np.percentile(like.astype(np.float64), PERCENTILES)
    return (255 * ((pixels.astype(np.float64) - low) / max(high - low, 1e-12)).clip(0, 1)).round().astype(np.uint8)


def heat(map_: Float[np.ndarray, "height width"]) -> Image.Image:
    """Orange, as transparent as the map is low."""
    colour = np.broadcast_to(np.array([255, 96, 0], np.uint8), (*map_.shape, 3))
    return Image.fromarray(np.dstack([colour, (200 * map_.clip(0, 1)).astype(np.uint8)]), "RGBA")


def webp(image: Image.Image) -> str:
    """As an address that holds it. Small ones lose nothing: blocks of 8 pixels would show."""
    stored = io.BytesIO()
    image.save(stored, "WEBP", quality=QUALITY, method=4, lossless=max(image.size) <= 32)
    return f"data:image/webp;base64,{base64.b64encode(stored.getvalue()).decode()}"
