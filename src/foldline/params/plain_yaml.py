"""yaml as people read it: keys are text and stand there once, numbers are those that are written as numbers are.

Plain yaml 1.1 reads the label 010 as 8, 0x10 as 16, 1:30 as 90 and 2020-01-01 as a day, +1 and 1_000 as others write 1
and 1000. Here such a thing is text, as it is written; pydantic makes a number of it where a number is wanted.
"""

import re
from typing import Any

import yaml

from foldline.files.refusal import listed

BOOL, INT, FLOAT = (f"tag:yaml.org,2002:{name}" for name in ("bool", "int", "float"))
TIMESTAMP = "tag:yaml.org,2002:timestamp"
WHOLE = r"-?(?:0|[1-9][0-9]*)"
NUMBERS = {
    INT: re.compile(rf"{WHOLE}$"),
    FLOAT: re.compile(
        rf"(?:{WHOLE}\.[0-9]*|-?\.[0-9]+)(?:[eE][-+]?[0-9]+)?$|[-+]?\.(?:inf|Inf|INF)$|\.(?:nan|NaN|NAN)$"
    ),
}


class PlainLoader(yaml.SafeLoader):
    """Plain yaml lets the last of equal keys win, silently, and reads the keys on, off, yes and no as booleans."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        for key, _ in node.value:
            if key.tag == BOOL:
                key.tag = self.DEFAULT_SCALAR_TAG
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        repeated = {key for key in keys if keys.count(key) > 1}
        if repeated:
            raise yaml.constructor.ConstructorError(
                None, None, f"a key is there twice: {listed(repeated)}", node.start_mark
            )
        return super().construct_mapping(node, deep)


PlainLoader.yaml_implicit_resolvers = {
    first: [(tag, NUMBERS.get(tag, pattern)) for tag, pattern in resolvers if tag != TIMESTAMP]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
