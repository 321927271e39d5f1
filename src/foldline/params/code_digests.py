"""The meaning of code, as one digest per script: equal as long as nothing that the script runs could differ.

A script's code is what it imports, transitively (grimp), and what is found by its folder: a room of kinds
(kinds.py) counts as a whole for whoever imports its door. A module counts by a dump of its syntax tree without
positions, comments, docstrings and empty fields, so that it is equal under every version of Python from 3.11 on.
`ast.dump` is not: it prints other defaults in 3.12 and 3.13.
"""

import ast
import functools
import hashlib
import importlib.util
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import grimp

from foldline.params.yaml_files import read_yaml

PACKAGES = ("foldline", "pipelines")
ROOM_FUNCTION = "union_of"
LENGTH = 16
"""Of a digest, in hexadecimal digits: 64 bits."""
UNMEANT = frozenset({"kind", "type_comment"})
"""`u` before a text, and comments that only a type checker reads."""


def meaning(source: str) -> str:
    """The code's dump, without docstrings. Raises SyntaxError."""
    return _dump(ast.parse(source))


def own_graph() -> grimp.ImportGraph:
    """What our packages import of each other, imports for type checkers left out, and the rooms that doors open."""
    graph = grimp.build_graph(*PACKAGES, cache_dir=None, exclude_type_checking_imports=True)
    for module in sorted(graph.modules):
        for room in _rooms(source_of(module).read_text(encoding="utf-8")):
            for kinds in {room, *graph.find_descendants(room)} - {module}:
                graph.add_import(importer=module, imported=kinds)
    return graph


def modules_of(script: str, graph: grimp.ImportGraph) -> list[str]:
    """The module `script` and all that it imports, transitively, in the order of their names."""
    return sorted({script, *graph.find_upstream_modules(script)})


def script_digests(scripts: Mapping[str, Sequence[Path]], graph: grimp.ImportGraph) -> dict[str, str]:
    """A digest per script (`pipelines.train`); its paths are further files that count for it, by their bytes.

    A path that does not exist counts by its name alone: its reader reports that it is missing.
    """

    @functools.cache
    def of_module(module: str) -> str:
        return _sha256(meaning(source_of(module).read_text(encoding="utf-8")).encode())

    def of_script(script: str, files: Iterable[Path]) -> str:
        code = [f"{module} {of_module(module)}" for module in modules_of(script, graph)]
        data = [f"{path.as_posix()} {_sha256(path.read_bytes()) if path.is_file() else ''}" for path in sorted(files)]
        return _sha256("\n".join([*code, *data]).encode())[:LENGTH]

    return {script: of_script(script, files) for script, files in scripts.items()}


def own_files(path: Path, key: str, folder: Path = Path()) -> list[Path]:
    """The files that the section `key` (`train.loss`; all of the file where it is empty) names by `kind: python`.

    folder: what the names are relative to, that of a card for what a card names.
    """
    content: Any = read_yaml(path) if path.exists() else {}
    for name in filter(None, key.split(".")):
        content = content.get(name) if isinstance(content, dict) else None
    return sorted({folder / name for name in _named(content)})


def _named(content: Any) -> Iterator[str]:
    if isinstance(content, dict) and content.get("kind") == "python" and isinstance(content.get("file"), str):
        yield content["file"]
    for inner in content.values() if isinstance(content, dict) else content if isinstance(content, list) else ():
        yield from _named(inner)


def source_of(module: str) -> Path:
    """The file of one of our modules."""
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{module} has no source file", name=module)
    return Path(spec.origin)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _rooms(source: str) -> Iterator[str]:
    """The rooms that a module is the door of."""
    if ROOM_FUNCTION not in source:
        return
    for node in ast.walk(ast.parse(source)):
        called = node.func if isinstance(node, ast.Call) else None
        if isinstance(called, ast.Name) and called.id == ROOM_FUNCTION and isinstance(node, ast.Call) and node.args:
            room = node.args[0]
            if not isinstance(room, ast.Constant) or not isinstance(room.value, str):
                raise TypeError(f"{ROOM_FUNCTION} takes the room's name as a plain text, so that its code is found")
            yield room.value


def _dump(node: Any) -> str:
    if isinstance(node, list):
        return f"[{','.join(_dump(one) for one in node if not _is_docstring(one))}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = ((name, value) for name, value in ast.iter_fields(node) if name not in UNMEANT)
    if isinstance(node, ast.JoinedStr):
        # Python 3.12 appends an empty string to some formats.
        return f"JoinedStr({','.join(_dump(part) for part in node.values if not _is_empty_text(part))})"
    # A constant's value counts even where it is None; any other empty field is one that this Python may not even have.
    filled = (
        f"{name}={_dump(value)}"
        for name, value in fields
        if isinstance(node, ast.Constant) or (value is not None and value != [])
    )
    return f"{type(node).__name__}({','.join(filled)})"


def _is_docstring(node: Any) -> bool:
    """A string on its own: the docstring of a module, a class, a function or a field."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _is_empty_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == ""
