"""The files of a competition by name, wherever they lie: loose, or in the archives that Kaggle serves."""

import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from foldline.refusal import Refusal, listed


class Archives:
    """Reads members without extracting them. Open one per process: a zip's file position must not be shared."""

    def __init__(self, folder: Path, files: Sequence[str]) -> None:
        """`files`: the names in `folder`, as the manifest lists them."""
        self.folder = folder
        self._zips: list[zipfile.ZipFile] = []
        self._places: dict[str, zipfile.ZipFile | None] = {}
        for name in files:
            if zipfile.is_zipfile(folder / name):
                self._add_members(folder / name)
            else:
                self._places[name] = None

    @property
    def names(self) -> tuple[str, ...]:
        """Every file's path, with `/`, in the order of the archives."""
        return tuple(self._places)

    def read(self, name: str) -> bytes:
        """Raises Refusal when there is no such file, or when its checksum is wrong."""
        if name not in self._places:
            raise Refusal(f"{self.folder}: there is no file `{name}`. Found {listed(self._places)}.")
        archive = self._places[name]
        if archive is None:
            return (self.folder / name).read_bytes()
        try:
            return archive.read(name)
        except (zipfile.BadZipFile, EOFError) as error:
            raise Refusal(
                f"{archive.filename}: `{name}` is damaged ({error}). Remove the file, `dvc repro` again."
            ) from None

    def _add_members(self, path: Path) -> None:
        archive = zipfile.ZipFile(path)
        self._zips.append(archive)
        for member in archive.infolist():
            if member.is_dir():
                continue
            refuse_leaving(member.filename, path)
            self._places[member.filename] = archive

    def close(self) -> None:
        for archive in self._zips:
            archive.close()


def refuse_leaving(name: str, archive: Path) -> None:
    """Raises Refusal for a member's path that would leave the folder it is extracted into."""
    parts = PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts:
        raise Refusal(f"{archive}: the member `{name}` leaves the folder. Do not trust this archive; nothing was read.")
