"""Files of weights as they lie about: from a file to tensors by name, and from these to the ones of a timm model.

Nothing in a file is run. Its tensors may lie below other keys (`state_dict`, `model`, `ema`, ...), and their names may
begin with those of whatever the model was a part of (`module.`, `backbone.`, `_orig_mod.`, ..., repeated).
"""

import argparse
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from foldline.files.reading import reading
from foldline.files.refusal import Refusal, listed
from foldline.training.backbones import first_line
from foldline.training.processes import OUT_OF_MEMORY

DEEPEST = 6
"""Of wrappers within wrappers."""
COUNTS = "num_batches_tracked"
"""Files older than PyTorch 0.4 do not count BatchNorm's batches; nothing depends on it."""
MOST_LEFT_OVER = 4
"""Tensors after the backbone's own: a classifier."""
FILE_OF_WEIGHTS = "a readable file of weights"


@dataclass(frozen=True)
class Match:
    """Of a file's tensors, those that are a model's."""

    tensors: dict[str, Tensor]
    """By the model's names."""
    names: dict[str, str]
    """From the model's names to the file's."""
    rest: tuple[str, ...]
    """The file's other names."""
    prefix: str = ""
    """What the file's names begin with."""

    @property
    def is_averaged(self) -> bool:
        return "ema" in re.split(r"[._]", self.prefix.lower())

    def equals(self, other: "Match") -> bool:
        return all(
            mine.shape == other.tensors[key].shape and torch.equal(mine, other.tensors[key])
            for key, mine in self.tensors.items()
        )


def read_tensors(path: Path) -> list[dict[str, Tensor]]:
    """Each group of tensors by name that the file holds, on the CPU; names begin with the keys that lead to the group.

    Raises Refusal when there is none, or when reading the file would run code.
    """
    found = _load(path)
    groups = list(_groups(found, "", DEEPEST))
    if groups:
        return groups
    raise Refusal(
        f"{path} is not {FILE_OF_WEIGHTS}: it holds {_in_words(found)}, and weights are tensors by name. Save them as "
        "`torch.save(model.state_dict(), ...)` does."
    )


def _load(path: Path) -> Any:
    cure = "It takes what safetensors or torch.save wrote; fetch it again if it should be that."
    with reading(path, FILE_OF_WEIGHTS, cure):
        if path.suffix == ".safetensors":
            return load_file(path)
        try:
            # timm's own training scripts keep their arguments next to the weights.
            with torch.serialization.safe_globals([argparse.Namespace]):
                return torch.load(path, map_location="cpu", weights_only=True)
        except (MemoryError, OSError):
            raise
        except Exception as error:
            if OUT_OF_MEMORY in str(error):
                raise MemoryError from None
            code = re.search(r"Unsupported global: GLOBAL (\S+)", str(error))
            if code is None:
                raise ValueError(first_line(error)) from None  # It goes on for a page.
            raise Refusal(
                f"{path} holds more than tensors, and reading it would run code of whoever wrote it (`{code[1]}`). "
                "Where you trust it, write its tensors alone: "
                "`torch.save(torch.load(FILE, weights_only=False)['state_dict'], ...)`, or `.state_dict()` of a "
                "model that was saved as a whole."
            ) from None


def _groups(found: Any, name: str, depth: int) -> Iterator[dict[str, Tensor]]:
    if not isinstance(found, Mapping) or not depth:
        return
    by_name = {key: value for key, value in found.items() if isinstance(key, str)}
    tensors = {name + key: value for key, value in by_name.items() if isinstance(value, Tensor)}
    if tensors:
        yield tensors
    for key, value in by_name.items():
        yield from _groups(value, f"{name}{key}.", depth - 1)


def _in_words(found: Any) -> str:
    if isinstance(found, Mapping):
        return f"a dictionary with the keys {listed(map(repr, found), 5)}" if found else "an empty dictionary"
    return "a single tensor" if isinstance(found, Tensor) else f"a {type(found).__name__}"


def matched_by_name(groups: list[dict[str, Tensor]], expected: Mapping[str, Tensor], path: Path) -> Match:
    """The tensors with most of the expected names, whatever these begin with, and averaged weights before others.

    Raises Refusal when two sets of weights have them equally.
    """
    found = [match for group in groups for match in _below_prefixes(group, expected)]
    most = max((len(match.names) for match in found), default=0)
    best = [match for match in found if len(match.names) == most]
    chosen = [match for match in best if match.is_averaged] or best
    if not chosen:
        return Match({}, {}, tuple(name for group in groups for name in group))
    differing = next((match for match in chosen[1:] if not match.equals(chosen[0])), None)
    if differing is not None:
        first, second = (next(iter(match.names.values())) for match in (chosen[0], differing))
        raise Refusal(
            f"{path} holds more than one set of these weights: `{first}` belongs to one and `{second}` to another. "
            "Write the one to start from into a file of its own."
        )
    return chosen[0]


def _below_prefixes(group: dict[str, Tensor], expected: Mapping[str, Tensor]) -> Iterator[Match]:
    prefixes: Counter[str] = Counter()
    for name in group:
        parts = name.split(".")
        ends = (".".join(parts[at:]) for at in range(len(parts)))
        prefixes.update(name.removesuffix(end) for end in ends if end in expected)
    most = max(prefixes.values(), default=0)
    for prefix in (prefix for prefix, count in prefixes.items() if count == most):
        names = {key: prefix + key for key in expected if prefix + key in group}
        taken = set(names.values())
        rest = tuple(name for name in group if name not in taken)
        yield Match({key: group[name] for key, name in names.items()}, names, rest, prefix)


def matched_by_order(group: dict[str, Tensor], expected: Mapping[str, Tensor], free: set[str]) -> Match | str:
    """The group's tensors in its order as the expected ones in theirs, or in words what does not fit: shapes, and the
    last parts of names (`weight`, `bias`, `running_mean`, ...), are the same.

    `free`: which of the expected ones may differ in shape, with the images' channels or size.
    """
    names = [name for name in group if not name.endswith(COUNTS)]
    keys = [key for key in expected if not key.endswith(COUNTS)]
    for key, name in zip(keys, names, strict=False):
        mine, other = tuple(expected[key].shape), tuple(group[name].shape)
        if key.rpartition(".")[2] != name.rpartition(".")[2] or (mine != other and key not in free):
            return f"instead of `{key}` {mine} there is `{name}` {other}"
    if not 0 <= len(names) - len(keys) <= MOST_LEFT_OVER:
        return f"it holds {len(names)} tensors, the model {len(keys)}"
    paired = dict(zip(keys, names, strict=False))
    return Match({key: group[name] for key, name in paired.items()}, paired, tuple(names[len(keys) :]))
