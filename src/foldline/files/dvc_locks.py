"""What a killed DVC leaves that makes every later run of it fail.

DVC empties `.dvc/tmp/rwlock` and `dvc.lock` before it writes them anew, each under a lock of the kernel's, which a
killed process does not hold. An entry of rwlock blocks others as long as a process with its number lives: that may be a
zombie, or, after a restart, another program.
"""

import fcntl
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from foldline.files.refusal import Refusal, listed

LATER_SECONDS = 2
"""A process that began so long after rwlock was written last is none of its writers."""


def mend_dvc(root: Path) -> list[Path]:
    """The files of DVC's that were mended. root: the project's folder. Raises Refusal where a living DVC needs one."""
    repository = next((folder for folder in (root, *root.parents) if (folder / ".dvc").is_dir()), root)
    locks = [repository / ".dvc/tmp/rwlock", repository / ".dvc/tmp/exps/rwlock"]
    recorded = [root / "dvc.lock", root / "submissions/dvc.lock"]
    return [
        *(path for path in locks if path.exists() and _mended_rwlock(path, repository)),
        *(path for path in recorded if _is_cut(path) and _mended_record(path, repository)),
    ]


def _mended_rwlock(path: Path, repository: Path) -> bool:
    if path.read_bytes().strip() == b"{}":
        return False
    with _held(path.with_name("rwlock.lock")) as is_ours:
        entries = _entries(path)
        if not is_ours:
            return False
        if entries is None:
            _refuse_next_to_living(path, repository)
            path.unlink()
            return True
        left = _living(entries, path.stat().st_mtime)
        is_stale = left != {kind: of_kind for kind, of_kind in entries.items() if of_kind}
        if is_stale:
            # Not truncated: whoever reads it meanwhile sees one or the other.
            other = path.with_name("rwlock.mended")
            other.write_text(json.dumps(left))
            other.replace(path)
        return is_stale


def _entries(path: Path) -> dict[str, Any] | None:
    """None where the file cannot be read."""
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return None
    return entries if isinstance(entries, dict) else None


def _living(entries: dict[str, Any], written: float) -> dict[str, Any]:
    """Without the entries whose process is gone, a zombie, or younger than they are."""
    import psutil

    def lives(entry: dict[str, Any]) -> bool:
        try:
            process = psutil.Process(entry["pid"])
            is_zombie = process.status() == psutil.STATUS_ZOMBIE
            return not is_zombie and process.create_time() < written + LATER_SECONDS
        except psutil.NoSuchProcess:
            return False
        except psutil.AccessDenied:
            return True

    writing = {path: entry for path, entry in entries.get("write", {}).items() if lives(entry)}
    reading = {path: [one for one in several if lives(one)] for path, several in entries.get("read", {}).items()}
    reading = {path: several for path, several in reading.items() if several}
    return {kind: of_kind for kind, of_kind in (("write", writing), ("read", reading)) if of_kind}


def _refuse_next_to_living(path: Path, repository: Path) -> None:
    """Its entries are lost: it fails at its end, whatever is done here, but what it does should not be done twice."""
    import psutil

    living = []
    for process in psutil.process_iter(["pid", "cmdline", "cwd", "status"]):
        told = process.info
        is_here = told["cwd"] and Path(told["cwd"]).is_relative_to(repository.resolve())
        is_dvc = any(Path(word).name == "dvc" for word in (told["cmdline"] or [])[:4])
        if is_here and is_dvc and told["status"] != psutil.STATUS_ZOMBIE:
            living.append(told["pid"])
    if living:
        raise Refusal(
            f"{path} cannot be read, since a process of DVC's was killed; others work here: {listed(living)}. "
            "Wait until they end, or end them, and run `foldline repair`."
        )


def _is_cut(path: Path) -> bool:
    """DVC ends the file with a new line."""
    return path.is_file() and not path.read_bytes().endswith(b"\n")


def _mended_record(path: Path, repository: Path) -> bool:
    """As git has it, else as if no stage had run: of stages that have, DVC keeps the results by what they came from."""
    with _held(repository / ".dvc/tmp/lock") as is_ours:
        if not is_ours or not _is_cut(path):
            return False
        known = subprocess.run(["git", "show", f"HEAD:./{path.name}"], cwd=path.parent, capture_output=True)
        path.unlink()
        if known.returncode == 0:
            path.write_bytes(known.stdout)
        return True


@contextmanager
def _held(lock: Path) -> Iterator[bool]:
    """Whether it could be locked at once, as DVC locks it."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
        else:
            yield True
