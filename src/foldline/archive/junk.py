"""What systems and tools leave next to a competition's files: never data, nor a class, whatever folder it lies in."""

import re

FOLDERS = (
    "__MACOSX", "@eaDir", "@Recycle", "@Recently-Snapshot", "#recycle", "#snapshot", "$RECYCLE.BIN", "RECYCLER",
    "System Volume Information", "lost+found", "__pycache__", "Network Trash Folder", "Temporary Items",
)  # fmt: skip
"""And those whose names begin with a dot: .git, .ipynb_checkpoints, .AppleDouble, .Trash-1000, .@__thumb."""
IN_HOMES = ("cache/", "local/", "config/")
"""After the dot, none of these: archives packed by absolute paths have them above all (root/.cache/mle-bench)."""
FILES = (
    "Thumbs.db", "Thumbs.db:encryptable", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "Icon\r", ".DS_Store",
    ".localized", ".directory", ".apdisk", ".VolumeIcon.icns", ".picasa.ini", "Picasa.ini", ".gitkeep", ".keep",
    ".gitignore", ".gitattributes", ".gitmodules", ".dvcignore", ".nomedia",
)  # fmt: skip
FILE_STARTS = ("._", "~$", ".nfs", ".fuse_hidden", ".~lock.")
"""Of names: of macOS' second halves of files, and of files that are open elsewhere."""


def _any(texts: tuple[str, ...]) -> str:
    return "|".join(map(re.escape, texts))


JUNK = re.compile(
    rf"(?:^|/)(?:(?:\.(?!\.?/|{_any(IN_HOMES)})[^/]*|{_any(FOLDERS)})/|(?:{_any(FILES)}|(?:{_any(FILE_STARTS)})[^/]*)$)",
    re.IGNORECASE,
)


def is_junk(path: str) -> bool:
    """`path`: of a file, relative to the downloads or within an archive. A plain search: there may be millions."""
    return JUNK.search(path) is not None
