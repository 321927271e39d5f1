"""YAML as people read it: keys are text and unique, and only what looks like a plain number is a number.

Plain yaml 1.1 reads the label 010 as 8, 0x10 as 16, 1:30 as 90 and 2020-01-01 as a day, +1 and 1_000 as others write 1
and 1000. Here these stay text, as written; pydantic converts them where a number is needed.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from yaml.composer import ComposerError

from foldline.files.reading import reading
from foldline.files.refusal import Refusal, listed

BOOL, INT, FLOAT = (f"tag:yaml.org,2002:{name}" for name in ("bool", "int", "float"))
TIMESTAMP = "tag:yaml.org,2002:timestamp"
WHOLE = r"-?(?:0|[1-9][0-9]*)"
NUMBERS = {
    INT: re.compile(rf"{WHOLE}$"),
    FLOAT: re.compile(
        rf"(?:{WHOLE}\.[0-9]*|-?\.[0-9]+)(?:[eE][-+]?[0-9]+)?$|[-+]?\.(?:inf|Inf|INF)$|\.(?:nan|NaN|NAN)$"
    ),
}
LARGEST_BYTES = 2**24
MOST_NODES = 1_000_000
"""Of one file, its aliases written out: nine lines can stand for a thousand million values."""
UNQUOTED = re.compile(r"[:\[,] *[^\s\"':]*\{[\w.]+\}")
"""An unquoted template among the lines that YAML's own message shows."""
QUOTED = 'Write a template in quotes: "train/{id}.jpg".'
SECOND_COLON = re.compile(r"\s*(?P<key>[\w.]+): +(?P<text>.*?: .*?)\s*")


def read_yaml(path: Path) -> dict[str, Any]:
    """Raises Refusal when the file is missing, is not yaml, or holds anything but keys and values."""
    cure = f"Restore it (`git checkout {path}`) or write it again."
    if not path.is_symlink() and not path.exists():
        raise Refusal(f"{path} does not exist. {cure}")
    with reading(path, "valid yaml", cure):
        if path.stat().st_size > LARGEST_BYTES:
            raise Refusal(f"{path} has {path.stat().st_size:,} bytes, more than {LARGEST_BYTES:,}. {cure}")
        text = path.read_text(encoding="utf-8")
        try:
            content = deepcopy(_loaded(text))
        except yaml.YAMLError as error:
            why = str(error).replace('in "<unicode string>", ', "")
            raise Refusal(f"{path} is not valid yaml: {why}{_cure_of(text, error)}") from None
    if not isinstance(content, dict):
        found = "nothing" if content is None else type(content).__name__
        raise Refusal(f"{path} must hold keys and values, found {found}.")
    return content


def nested_values(value: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Each value of a nested mapping by its path, `train.epochs`; a list is one value."""
    for key, inner in value.items():
        if isinstance(inner, Mapping) and inner:
            yield from nested_values(inner, f"{above}{key}.")
        else:
            yield f"{above}{key}", inner


@lru_cache(maxsize=8)
def _loaded(text: str) -> Any:
    """A stage reads section after section of the same file, and yaml takes a tenth of a second for it."""
    return yaml.load(text, PlainLoader)  # a SafeLoader


class PlainLoader(yaml.SafeLoader):
    """Plain YAML silently lets the last of duplicate keys win, and reads the keys on, off, yes and no as booleans."""

    def get_single_node(self) -> yaml.Node | None:
        node = super().get_single_node()
        if node is not None and _size_of(node, {}) > MOST_NODES:
            problem = f"its anchors stand for more than {MOST_NODES:,} values, or for themselves"
            raise ComposerError(None, None, problem, node.start_mark)
        return node

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        for key, _ in node.value:
            if key.tag == BOOL:
                key.tag = self.DEFAULT_SCALAR_TAG
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        repeated = [key for key, count in Counter(keys).items() if count > 1]
        if repeated:
            raise yaml.constructor.ConstructorError(None, None, f"duplicate key: {listed(repeated)}", node.start_mark)
        return super().construct_mapping(node, deep)


def _size_of(node: yaml.Node, known: dict[int, float]) -> float:
    """How many nodes there are with each alias written out; infinite where one stands for itself."""
    if id(node) not in known:
        known[id(node)] = math.inf
        inner = node.value if isinstance(node, yaml.CollectionNode) else ()
        each = (one for item in inner for one in (item if isinstance(item, tuple) else (item,)))
        known[id(node)] = 1.0 + sum(_size_of(one, known) for one in each)
    return known[id(node)]


def _finite(loader: PlainLoader, node: yaml.ScalarNode) -> float:
    number = loader.construct_yaml_float(node)
    if not math.isfinite(number):
        what = f"{node.value} is not a finite number: write one, or quote it where it is text"
        raise yaml.constructor.ConstructorError(None, None, what, node.start_mark)
    return number


PlainLoader.add_constructor(FLOAT, _finite)
PlainLoader.yaml_implicit_resolvers = {
    first: [(tag, NUMBERS.get(tag, pattern)) for tag, pattern in resolvers if tag != TIMESTAMP]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _cure_of(text: str, error: yaml.YAMLError) -> str:
    """text: of the whole file. A line of its own, or nothing where the cause is unclear."""
    if UNQUOTED.search(str(error)):
        return f"\n{QUOTED}"
    lines = text.splitlines()
    unclosed = next((number for number, line in enumerate(lines, 1) if _is_unclosed(line)), None)
    if unclosed is not None:
        return f"\nLine {unclosed} has an unclosed quote: {lines[unclosed - 1].strip()}"
    if not isinstance(error, yaml.MarkedYAMLError):
        return ""
    where = error.context_mark or error.problem_mark
    number, problem = (where.line + 1 if where else 0), str(error.problem)
    if not 0 < number <= len(lines):
        return ""
    return _likely(problem, str(error.context), number, lines[number - 1].strip())


def _is_unclosed(line: str) -> bool:
    """Quotes count where a value may begin: an apostrophe within a word is not a quote."""
    plain = re.sub(r"(?:^|\s)#.*", "", re.sub(r""""(?:[^"\\]|\\.)*"|(?<![\w'])'(?:[^']|'')*'""", "", line))
    return re.search(r"""(?:^|[:\[{,-])\s*["']""", plain) is not None or plain.count('"') % 2 == 1


def _likely(problem: str, context: str, number: int, line: str) -> str:
    if problem.startswith("mapping values are not allowed"):
        second = SECOND_COLON.fullmatch(line)
        example = f': {second["key"]}: "{second["text"]}"' if second and '"' not in second["text"] else ""
        return f"\nLine {number} has a second `: `, as if for a nested key. Quote the text{example}."
    if problem.startswith("could not find expected ':'"):
        return f"\nLine {number} is not a key followed by a colon and a space: {line}"
    if "flow" in context:
        return f"\nLine {number} has an unclosed bracket, a bracket too many, or a missing comma: {line}"
    if "block" in context:
        return "\nA line is indented differently from its neighbours, or has a bracket or quote too many."
    return ""
