"""The size of training images, epoch by epoch."""

from collections.abc import Callable

from jaxtyping import Shaped
from torch import Tensor
from torch.nn.functional import interpolate

from foldline.training.resolution_section import Resolution


def resized(
    images: Shaped[Tensor, "batch channels height width"], share: float
) -> Shaped[Tensor, "batch channels h w"]:
    """Both sides at `share` of their length, without aliases; the images themselves for all of it."""
    height, width = images.shape[-2:]
    size = (max(round(height * share), 1), max(round(width * share), 1))
    if size == (height, width):
        return images
    return interpolate(images.float(), size, mode="bilinear", antialias=True, align_corners=False)


def share_by_epoch(resolution: Resolution) -> Callable[[int], float]:
    """From the epoch (from 0) to the share of the cached images' sides."""
    start, end, growing = resolution.start_share, resolution.end_share, resolution.growing_epochs
    return lambda epoch: start + (end - start) * min(epoch / growing, 1.0) if growing else end
