"""Datasets and notebooks that the local Kaggle keeps: each version is a folder that never changes, shared by all
servers of a memory.
"""

import re
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from foldline.files.refusal import Refusal
from foldline.files.whole_files import locked, read_json, whole_folder, write_json
from foldline.local_kaggle.calls import Call, Method, refused
from foldline.local_kaggle.hosted_competition import Competition

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


class Versions:
    """Those of one dataset or notebook: folders 1, 2, ... below `folder`."""

    def __init__(self, memory: Path, kind: str, owner: str, slug: str) -> None:
        """Raises Refusal for what is no name."""
        if not (NAME.fullmatch(owner) and NAME.fullmatch(slug)):
            raise Refusal(f"'{owner}/{slug}' is not the name of one of Kaggle's {kind}.")
        self.ref, self.folder = f"{owner}/{slug}", memory / kind / owner / slug

    @property
    def latest(self) -> int:
        """0 where there is none."""
        return max((int(path.name) for path in self.folder.glob("[0-9]*")), default=0)

    def folder_of(self, number: int = 0) -> Path:
        """Of a version, which may not be there; of the latest for 0."""
        return self.folder / str(number or self.latest)

    def facts(self, number: int = 0) -> dict[str, Any]:
        """What `new` was given; of the latest for 0."""
        return read_json(self.folder_of(number) / "facts.json")

    @contextmanager
    def new(self, facts: Mapping[str, Any]) -> Iterator[Path]:
        """A folder to fill, which is the next version when the block ends."""
        with locked(self.folder / "lock"), whole_folder(self.folder / str(self.latest + 1)) as partial:
            write_json(partial / "facts.json", dict(facts))
            yield partial


def of_version(kind: str, keys: tuple[str, str, str], answer: Callable[[Call, Versions, int], web.Response]) -> Method:
    """The answer about a version, the latest or the one that is asked for.

    keys: of the request's fields, in which the owner, the name (`name` or `name/version`) and the version are.
    """
    owner, slug, version = keys

    def found(call: Call) -> web.Response:
        name, _, number = call.fields[slug].partition("/")
        versions = Versions(call.served.memory, kind, call.fields[owner], name)
        asked = int(number or call.fields.get(version) or versions.latest)
        if not versions.folder_of(asked).is_dir():
            return refused(404, f"'{versions.ref}' not found among the {kind}")
        return answer(call, versions, asked)

    return found


ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz")


def put_file(folder: Path, name: str, content: bytes) -> None:
    """As Kaggle does: an archive becomes a folder of what is in it."""
    path = folder / Path(name).name
    folder.mkdir(exist_ok=True)
    path.write_bytes(content)
    suffix = next((suffix for suffix in ARCHIVES if name.endswith(suffix)), "")
    if suffix and (zipfile.is_zipfile(path) or tarfile.is_tarfile(path)):
        with zipfile.ZipFile(path) if zipfile.is_zipfile(path) else tarfile.open(path) as archive:
            if isinstance(archive, tarfile.TarFile) and hasattr(tarfile, "data_filter"):
                archive.extraction_filter = tarfile.data_filter  # Python 3.11.4 has it.
            archive.extractall(folder / name.removesuffix(suffix))
        path.unlink()


def files_below(folder: Path) -> dict[str, int]:
    """Sizes in bytes by name."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in paths}


def unpacked(competition: Competition, memory: Path, is_hidden: bool = False) -> Path:
    """The competition's files as a session finds them; with those of its hidden test set, where it has one."""
    archive = competition.hidden if is_hidden and competition.hidden else competition.archive
    folder = memory / competition.slug / f"{archive.stem}-{archive.stat().st_mtime_ns}"
    with locked(folder.with_suffix(".lock")):
        if not folder.exists():
            with whole_folder(folder) as partial, zipfile.ZipFile(archive) as opened:
                opened.extractall(partial)
    return folder
