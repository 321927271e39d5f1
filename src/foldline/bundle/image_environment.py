"""An environment like that of a notebook's image, as far as this machine has it, and without network.

It holds the packages of the image's list, as far as they are installed here and in the versions that are: nobody can
install an image. It holds neither foldline nor anything that the bundle brings, which the notebook installs.
"""

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from foldline.bundle.packages import Image, installed_version, requirements
from foldline.files.notebooks import WITHOUT_NETWORK, can_cut_off
from foldline.files.refusal import Refusal

BLOCKED = """\
import socket

_connect, _look_up = socket.socket.connect, socket.getaddrinfo
_HERE = ("localhost", "127.0.0.1", "::1")


def _guarded(self, address, *more):
    if self.family != socket.AF_UNIX and address[0] not in _HERE:
        raise OSError(f"no network here: {address}")
    return _connect(self, address, *more)


def _guarded_look_up(host, *more, **named):
    if host not in (None, *_HERE):
        raise OSError(f"no network here: {host}")
    return _look_up(host, *more, **named)


socket.socket.connect, socket.getaddrinfo = _guarded, _guarded_look_up
"""
"""For the module `sitecustomize`, where a network namespace is not allowed: Python's own sockets."""
KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH")
KEPT_PREFIXES = ("OMP_", "MKL_", "CUDA_", "NVIDIA_")


@dataclass(frozen=True)
class Environment:
    python: Path
    proven: dict[str, dict[str, str | None]]
    """Of each package that stands for the image's: the version that the list has (`listed`) and the one here."""
    absent: list[str]
    """What the list has and this environment lacks."""
    network: str
    within: Sequence[str]


def make_environment(folder: Path, image: Image, shipped: Iterable[str]) -> Environment:
    """shipped: the packages whose wheels the bundle brings, by their names."""
    made = subprocess.run([sys.executable, "-m", "venv", str(folder)], capture_output=True, text=True)
    if made.returncode:
        raise Refusal(
            "no environment could be made for the proof. Install Python's venv module (Debian, Ubuntu: sudo apt "
            f"install python3-venv). It said: {(made.stderr or made.stdout).strip()[-300:]}"
        )
    python = folder / "bin" / "python"
    packages = next((folder / "lib").glob("python*/site-packages"))
    names = _with_dependencies(image.packages, {canonicalize_name(name) for name in shipped})
    proven: dict[str, dict[str, str | None]] = {}
    for name in names:
        found = distribution(name)
        _link(found, packages)
        listed = image.packages.get(canonicalize_name(name))
        proven[name] = {"listed": None if listed is None else str(listed), "here": found.version}
    allowed = can_cut_off()
    if not allowed:
        (packages / "sitecustomize").with_suffix(".py").write_text(BLOCKED, encoding="utf-8")
    absent = sorted(set(image.packages) - set(names) - {canonicalize_name(name) for name in shipped})
    network = "none: a network namespace" if allowed else "blocked in Python's sockets"
    return Environment(python, proven, absent, network, WITHOUT_NETWORK if allowed else ())


def _with_dependencies(names: Iterable[str], shipped: set[Any]) -> list[str]:
    """Those of them that are installed here, and what these need: an image has that, too."""
    found: list[str] = []
    waiting = sorted(names, reverse=True)
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name in found or name in shipped or installed_version(name) is None:
            continue
        found.append(name)
        waiting += [one.name for one in requirements(name, ("",))]
    return found


def _link(found: Any, packages: Path) -> None:
    """All that a distribution has in site-packages, file or folder."""
    tops = {path.parts[0] for path in found.files or () if path.parts[0] not in ("..", "__pycache__")}
    for top in tops:
        if not (packages / top).exists():
            (packages / top).symlink_to(found.locate_file(top))


def variables(home: Path) -> Iterator[tuple[str, str]]:
    """Of a process in it: few of this shell's, and no other place for packages than the notebook's own."""
    for name, text in os.environ.items():
        if name in KEPT_VARIABLES or name.startswith(KEPT_PREFIXES):
            yield name, text
    yield "HOME", str(home)
    yield "PIP_CONFIG_FILE", os.devnull
