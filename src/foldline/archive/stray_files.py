"""Files that a person's machine leaves in archives: nobody's data."""

NAMES = (".ds_store", "thumbs.db", "desktop.ini")
MAC_FOLDER = "__MACOSX/"


def is_stray(path: str) -> bool:
    """Of a path within an archive. Plain strings: there may be millions."""
    name = path.rpartition("/")[2]
    return name.startswith("._") or name.lower() in NAMES or path.startswith(MAC_FOLDER) or f"/{MAC_FOLDER}" in path
