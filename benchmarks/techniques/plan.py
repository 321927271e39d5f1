"""The plan of a study: a recipe, what its baseline changes in it, and what each technique changes in the baseline."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foldline.files.refusal import Refusal
from foldline.params.section import Section, parse
from foldline.params.yaml_files import read_yaml

BASELINE = "baseline"
Changes = Mapping[str, Any]
"""Paths in a yaml file, `train.learning_rates.head`, and what takes the place of the value that is there."""


class _Plan(Section):
    card: Path
    card_changes: dict[str, Any]
    recipe: Path
    baseline: dict[str, Any]
    techniques: dict[str, dict[str, dict[str, Any]]]


@dataclass(frozen=True)
class Technique:
    group: str
    name: str
    changes: Changes
    """Of the section `train`: paths are below it."""


@dataclass(frozen=True)
class Plan:
    card: dict[str, Any]
    baseline: dict[str, Any]
    """All of a params.yaml."""
    baseline_changes: Changes
    """What it changes in the recipe."""
    techniques: tuple[Technique, ...]
    """The baseline itself is the first."""

    @property
    def folds(self) -> tuple[int, ...]:
        return tuple(self.baseline["folds"])

    def params(self, technique: Technique) -> dict[str, Any]:
        """The params.yaml of a technique. Raises Refusal for a path that the baseline has not."""
        return changed(self.baseline, {f"train.{path}": value for path, value in technique.changes.items()})

    def named(self, names: list[str]) -> tuple[Technique, ...]:
        """Those of these names, in the order given; all for none. Raises Refusal for a name that is not there."""
        known = {technique.name: technique for technique in self.techniques}
        if unknown := [name for name in names if name not in known]:
            raise Refusal(f"There is no technique {unknown[0]!r}. There are: {'; '.join(known)}.")
        return tuple(known[name] for name in names or known)


def read_plan(path: Path) -> Plan:
    written = parse(read_yaml(path), _Plan, str(path))
    listed = [
        Technique(group, name, changes)
        for group, members in written.techniques.items()
        for name, changes in members.items()
    ]
    baseline = changed(read_yaml(written.recipe), written.baseline)
    card = changed(read_yaml(written.card), written.card_changes)
    return Plan(card, baseline, written.baseline, (Technique("", BASELINE, {}), *listed))


def changed(content: Mapping[str, Any], changes: Changes) -> dict[str, Any]:
    """A copy of `content` with other values. Raises Refusal for a path that it has not."""
    result = deepcopy(dict(content))
    for path, value in changes.items():
        *above, last = path.split(".")
        place = result
        for key in above:
            place = place.get(key, {})
        if last not in place:
            raise Refusal(f"`{path}` is to be changed, but there is no such key.")
        place[last] = deepcopy(value)
    return result
