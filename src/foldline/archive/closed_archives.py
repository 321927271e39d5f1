"""Archives that nobody here can look into: what is not found may lie in one."""

from collections.abc import Iterable

from foldline.archive.unpacking import SUFFIXES
from foldline.files.refusal import listed

UNREAD_SUFFIXES = (".z01", ".rar", ".zst", ".tzst", ".lz4", ".lz", ".lzma", ".z", ".br", ".cab")
"""Of formats that Python's own library does not read; .z01 is the first part of a zip, of which .zip is the last."""
CLOSED = (*SUFFIXES, *UNREAD_SUFFIXES)
SHOWN = 3


def closed_archives(names: Iterable[str]) -> str:
    """A hint for a message about a file that is not among `names`; empty when every archive is open.

    An open archive is known by what it holds: one that is a name itself stayed closed.
    """
    closed = [f"`{name}`" for name in names if name.lower().endswith(CLOSED)]
    if not closed:
        return ""
    return (
        f" Not opened here, for their format or for want of a password: {listed(closed, SHOWN)}. Unpack such an "
        "archive by hand and zip it anew, whole and without a password, into a folder with all the other downloads, "
        "elsewhere. Then `python -m pipelines.download --from FOLDER` takes them in its place, and says how "
        "DVC keeps them."
    )
