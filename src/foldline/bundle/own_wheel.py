"""Foldline's own wheel, made of the code that runs: whether it is a checkout or an installed package."""

import base64
import hashlib
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

from foldline.files.equal_zips import write_archive
from foldline.files.refusal import Refusal

PACKAGES = ("foldline", "pipelines")
LEFT_OUT = ".pyc"
WHEEL = "Wheel-Version: 1.0\nGenerator: foldline\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def write_wheel(folder: Path) -> str:
    """Its file's name in the folder. Raises Refusal where Foldline is not installed, and nothing says what it needs."""
    try:
        installed = distribution("foldline")
    except PackageNotFoundError:
        raise Refusal("foldline is not installed in this environment. Run `make setup`, or pip install it.") from None
    about = f"foldline-{installed.version}.dist-info"
    contents = {name: file.read_bytes() for package in PACKAGES for name, file in _files_of(package)}
    contents |= {f"{about}/METADATA": (installed.read_text("METADATA") or "").encode()}
    contents |= {f"{about}/WHEEL": WHEEL.encode()}
    contents |= {f"{about}/entry_points.txt": b"[console_scripts]\nfoldline = pipelines.__main__:main\n"}
    record = "".join(f"{name},sha256={_digest(content)},{len(content)}\n" for name, content in contents.items())
    contents[f"{about}/RECORD"] = f"{record}{about}/RECORD,,\n".encode()
    name = f"foldline-{installed.version}-py3-none-any.whl"
    write_archive(folder / name, contents.items())
    return name


def _files_of(package: str) -> list[tuple[str, Path]]:
    spec = find_spec(package)
    assert spec is not None and spec.origin is not None
    root = Path(spec.origin).parent
    files = [path for path in sorted(root.rglob("*")) if path.is_file() and not path.name.endswith(LEFT_OUT)]
    return [(f"{package}/{path.relative_to(root).as_posix()}", path) for path in files]


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
