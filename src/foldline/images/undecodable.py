"""What any decoder says of an image that it cannot read."""

from PIL import UnidentifiedImageError


class Undecodable(Exception):
    """Why an image cannot be read, in words that are the same on every machine."""


def undecodable(error: Exception, content: bytes) -> Undecodable:
    """What a codec's `error` says of the file `content`."""
    if isinstance(error, UnidentifiedImageError):
        # Pillow's own text holds an address in memory.
        return Undecodable(f"of no known image format (it begins with {content[:8].hex(' ')})")
    return Undecodable(f"{error}" or type(error).__name__)
