"""What names in a zip are written in that it does not mark as UTF-8: what its maker took depends on the country."""

import zipfile

from foldline.archive.encodings import IN_ZIPS, Undecided, decide

MARKED = 0x800
"""The flag that a name is in UTF-8."""
READ_AS = "cp437"
"""What zipfile takes for the others, and the form's author did: each byte is a character, so that nothing is lost."""


def is_unmarked(entry: zipfile.ZipInfo) -> bool:
    return not entry.flag_bits & MARKED and not entry.filename.isascii()


def unmarked_in(archive: zipfile.ZipFile) -> bytes:
    """The names of which it does not say what they are written in, a line each."""
    return "\n".join(entry.filename for entry in archive.infolist() if is_unmarked(entry)).encode(READ_AS)


def codec_of(names: bytes) -> tuple[str, Undecided | None]:
    """What such names are written in, and why that is not known, where it is not."""
    try:
        names.decode("utf-8")
    except UnicodeDecodeError:
        try:
            return decide(names, IN_ZIPS), None
        except Undecided as error:
            return READ_AS, error
    return "utf-8", None


def respelled(name: str, codec: str, encoding: str) -> str:
    """What was read in `codec`, read in `encoding`; as it is where it cannot be that."""
    try:
        return name.encode(codec).decode(encoding)
    except UnicodeError:
        return name
