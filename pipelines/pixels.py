"""The pixel cache as a stage opens it; where it is absent, a process of its own builds it again.

So no stage but `prepare` depends on the code that decodes images.
"""

import os
import subprocess
import sys
from functools import partial

from foldline.files.parent import die_with_parent, same_code
from foldline.files.places import Places
from foldline.files.refusal import Refusal
from foldline.pixels.cache import open_pixels, read_pixels_key
from foldline.pixels.cached_pixels import CachedPixels

BUILDER = "pipelines.pixel_cache"


def open_cache(places: Places) -> CachedPixels:
    """Raises Refusal when the cache is damaged, or absent and cannot be built again."""
    return open_pixels(places.pixel_caches, read_pixels_key(places.pixels), _build_again)


def _build_again() -> None:
    bound = partial(die_with_parent, os.getpid())
    if subprocess.run([sys.executable, "-m", BUILDER], env={**os.environ, **same_code()}, preexec_fn=bound).returncode:
        raise Refusal("The pixel cache is absent and could not be built again, for the reason above.")
