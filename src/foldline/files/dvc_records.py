"""What git and DVC know of finished runs, read from their files: importing DVC takes a second, and asking it longer."""

import configparser
import hashlib
import io
import json
import re
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal, NamedTuple

EXPERIMENT = re.compile(r"(\w+) (\d+) refs/exps/[0-9a-f]{2}/[0-9a-f]{38}/(.+)")
COMMIT = re.compile(r"(\w+) (\d+) (\w+)")
TRACKED = re.compile(r"- path: (\S+)\n +hash: md5\n +md5: (\w+)")


class Revision(NamedTuple):
    name: str
    """By which DVC and git know it."""
    kind: Literal["experiment", "commit"]
    made: float
    """Seconds since 1970."""
    lock: str
    """The text of its dvc.lock."""


def revisions() -> list[Revision]:
    """The DVC experiments of the repository around the working folder, and the commits of its branches and tags that
    changed dvc.lock, since it was last deleted; none where there is no repository."""
    refs = _git("for-each-ref", "--format=%(objectname) %(committerdate:unix) %(refname)", "refs/exps")
    log = _git("log", "--format=%H %ct %h", "--name-status", "--branches", "--tags", "HEAD", "--", "dvc.lock")
    log = log.partition(b"\nD\t")[0]
    found = [("experiment", *match.groups()) for match in map(EXPERIMENT.fullmatch, _lines(refs)) if match]
    found += [("commit", *match.groups()) for match in map(COMMIT.fullmatch, _lines(log)) if match]
    locks = texts_at([f"{commit}:./dvc.lock" for _, commit, _, _ in found])
    return [
        Revision(name, "experiment" if kind == "experiment" else "commit", float(made), lock)
        for (kind, _, made, name), lock in zip(found, locks, strict=True)
        if lock
    ]


def texts_at(names: Sequence[str]) -> list[str]:
    """Of git's objects (`HEAD:./params.yaml`), by one process; empty for what there is not."""
    objects = io.BytesIO(_git("cat-file", "--batch", given="".join(f"{name}\n" for name in names)))
    return [_next_object(objects) for _ in names]


def _next_object(objects: io.BytesIO) -> str:
    """A line `HASH blob SIZE`, the content and a new line; of what there is not, another line alone."""
    words = objects.readline().split()
    return objects.read(int(words[2]) + 1)[:-1].decode("utf-8", "replace") if words[1:2] == [b"blob"] else ""


def _git(*words: str, given: str = "") -> bytes:
    """What it says; nothing where it fails."""
    ended = subprocess.run(["git", *words], input=given.encode(), capture_output=True)
    return b"" if ended.returncode else ended.stdout


def _lines(said: bytes) -> list[str]:
    return said.decode("utf-8", "replace").splitlines()


def record_of(lock: str, stage: str) -> str:
    """The lines of dvc.lock that say what a stage last ran on, and what it wrote."""
    found = re.search(rf"^  {re.escape(stage)}:\n((?:    .*\n)*)", lock, re.MULTILINE)
    return found[1] if found else ""


def tracked_files(record: str) -> dict[str, str]:
    """By its path the MD5 sum of each file that a stage read or wrote."""
    return dict(TRACKED.findall(record))


def cached(md5: str) -> Path | None:
    """The file in the DVC cache of the working folder's project, where it is there."""
    folder = _cache_folder()
    path = folder / "files" / "md5" / md5[:2] / md5[2:] if folder and md5 else None
    return path if path and path.is_file() else None


def _cache_folder() -> Path | None:
    dvc = _dvc_folder()
    settings = configparser.RawConfigParser(strict=False)
    settings.read([dvc / "config", dvc / "config.local"] if dvc else [], encoding="utf-8")
    return dvc and dvc / settings.get("cache", "dir", fallback="cache")


def _dvc_folder() -> Path | None:
    here = Path.cwd()
    return next((folder / ".dvc" for folder in (here, *here.parents) if (folder / ".dvc").is_dir()), None)


def md5_of(path: Path) -> str:
    """As DVC computes it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()


def seconds_of_dvc(out: Path) -> float | None:
    """For how long the DVC that runs the stage of this out has been at work, as its lock says; None without one.

    The stage may be a fork of a server, and then no child of DVC's."""
    import psutil

    lock = (_dvc_folder() or Path()) / "tmp" / "rwlock"
    with suppress(OSError, ValueError, LookupError, psutil.Error):
        process = json.loads(lock.read_text())["write"][str(out.absolute())]["pid"]
        return time.time() - psutil.Process(process).create_time()
    return None
