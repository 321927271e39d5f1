"""Mend what a kill or a failing disk has left.

foldline repair             locks of DVC's that cannot be read or that nobody holds, half-written files: what every
                            command and `make` does at its start; DVC's own commands do not
foldline repair FILE ...    remove a damaged file, and DVC's damaged copies of it: `dvc repro` makes it anew
foldline repair --all       check every file of numbers below work/ (it reads them whole), and do so with the damaged
"""

from collections.abc import Iterator
from pathlib import Path

from foldline.files.dvc_records import md5_of
from foldline.files.hashes import is_intact
from foldline.files.refusal import Refusal, counted
from foldline.pixels.cache import open_pixels, read_pixels_key
from pipelines.answers import Answer
from pipelines.running import parser, run

SUFFIXES = (".npy", ".parquet", ".safetensors", ".json", ".csv", ".pt")


def main() -> Answer:
    script = parser(__doc__)
    script.add_argument("files", nargs="*", type=Path, metavar="FILE", help="what a message calls damaged")
    script.add_argument("--all", action="store_true", help="check every file of numbers below work/")
    given = script.parse_args()
    for file in given.files:
        if not file.is_file():
            raise Refusal(f"there is no file {file}. Run `dvc repro`, which makes what is absent.")
    files = [*given.files, *(_numbers(Path("work")) if given.all else ())]
    damaged = [file for file in files if not is_intact(file)]
    removed = [path for file in damaged for path in (*_damaged_copies(file), file)]
    removed += _damaged_caches(Path("work")) if given.all else []
    for path in removed:
        path.unlink()
        print(f"removed {path}, which is damaged")
    checked = counted(len(files), "file was checked", "files were checked")
    print(f"{checked}, {len(damaged)} damaged" if files else "nothing to mend: no stale lock, no half-written file")
    if removed:
        print("next: dvc repro (for what no stage wrote: the command that did)")
    return {"checked": len(files), "removed": [str(path) for path in removed]}


def _numbers(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.suffix in SUFFIXES and path.parent.name != "pixels")


def _damaged_copies(file: Path) -> list[Path]:
    """Of equal size in DVC's cache, which names each by its md5: a link is damaged with the file, and DVC would put it
    instead of the new one."""
    from dvc.exceptions import NotDvcRepoError
    from dvc.repo import Repo

    try:
        cache = Path(Repo().cache.local.path)
    except NotDvcRepoError:
        return []
    size = file.stat().st_size
    alike = (path for path in cache.glob("??/*") if path.is_file() and path.stat().st_size == size)
    return [path for path in alike if md5_of(path) != path.parent.name + path.name]


def _damaged_caches(work: Path) -> list[Path]:
    """The pixel caches in use with an image that is not what was written."""
    damaged = []
    for described in work.glob("*/pixels.json"):
        key = read_pixels_key(described)
        file = described.with_name("pixels") / f"{key.key}{key.store.suffix}"
        if file.exists():
            try:
                pixels = open_pixels(file.parent, key, build_again=lambda: None)
                for image in range(len(pixels)):
                    pixels[image]
            except Refusal:
                damaged.append(file)
    return damaged


if __name__ == "__main__":
    run(main)
