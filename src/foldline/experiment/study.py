"""A study: one experiment, the base, and a grid of changes to it.

An axis is a list of values for a path of the base (`train.epochs: [1, 10]`), several such lists of one length, whose
values change together (a zip), or named values, each with all that it changes (`optimizer: {SGD: {train.optimizer:
{...}, train.learning_rates.head: 0.3}}`). Cells are the base, and all combinations of the axes' values.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from foldline.files.refusal import Refusal, listed, suggestion
from foldline.params.section import Section, parse
from foldline.params.yaml_files import read_yaml

BASE = "base"
"""What a cell's settings say of an axis that it leaves as the base has it."""
WHEN = "when"
Settings = Mapping[str, str]
"""From axes to values, as a table shows them."""


class Study(Section):
    """The keys of a study's file."""

    base: str
    """An experiment: params.yaml or a recipe, relative to the project's folder."""
    changes: Mapping[str, Any]
    """From a path of the base to its value in all cells, the base among them."""
    axes: tuple[Mapping[str, Any], ...]
    """The first varies slowest. With `when: {AXIS: VALUE}` an axis varies only where an earlier one has that value."""
    leave_out: tuple[Mapping[str, Any], ...]
    """Combinations (`{AXIS: VALUE, ...}`) that are no cells."""


@dataclass(frozen=True)
class Cell:
    settings: Settings
    params: Mapping[str, Any]
    """The whole experiment."""

    @property
    def title(self) -> str:
        return ", ".join(f"{axis}: {value}" for axis, value in self.settings.items() if value != BASE) or BASE


@dataclass(frozen=True)
class Value:
    """One of an axis: how a table shows it, and what it assigns to paths of the base."""

    settings: Settings
    assignments: Mapping[str, Any]


@dataclass(frozen=True)
class Axis:
    values: Sequence[Value]
    when: Settings

    @property
    def names(self) -> list[str]:
        return list(self.values[0].settings)


def read_cells(path: Path) -> list[Cell]:
    """The cells of the study in the file, the base first; no two are equal. Raises Refusal."""
    study = parse(read_yaml(path), Study, str(path))
    axes = [_axis(written, path) for written in study.axes]
    names = [name for axis in axes for name in axis.names]
    left_out = [_shown(one) for one in study.leave_out]
    _refuse_confusion(names, [*left_out, *(axis.when for axis in axes)], path)
    base = assigned(read_yaml(Path(study.base)), study.changes, f"{path}: changes")
    cells = [Cell(dict.fromkeys(names, BASE), base)]
    for chosen in itertools.product(*(axis.values for axis in axes)):
        settings, params = dict.fromkeys(names, BASE), base
        for axis, value in zip(axes, chosen, strict=True):
            if _has(settings, axis.when):
                settings |= value.settings
                params = assigned(params, value.assignments, f"{path}: axes: {listed(value.settings)}")
        if not any(_has(settings, one) for one in left_out):
            cells.append(Cell(settings, params))
    return list({cell.title: cell for cell in cells}.values())


def assigned(params: Mapping[str, Any], assignments: Mapping[str, Any], source: str) -> dict[str, Any]:
    """A copy of `params` with other values at some paths (`train.optimizer.weight_decay`, `folds.0`). Raises Refusal
    for a path that is not there."""
    changed = deepcopy(dict(params))
    for path, value in assignments.items():
        *above, last = path.split(".")
        section: Any = changed
        for depth, name in enumerate([*above, last]):
            keys = list(section) if isinstance(section, dict) else [str(at) for at in range(len(_items(section)))]
            if name not in keys:
                where = f" below `{'.'.join(above[:depth])}`" if depth else ""
                raise Refusal(
                    f"{source}: `{path}` is no path of the base: there is no `{name}`{where}.{suggestion(name, keys)} "
                    f"There is {listed(keys, 20)}."
                )
            key = name if isinstance(section, dict) else int(name)
            if depth == len(above):
                section[key] = deepcopy(value)
            else:
                section = section[key]
    return changed


def _items(section: Any) -> Sequence[Any]:
    return section if isinstance(section, list) else ()


def _axis(written: Mapping[str, Any], path: Path) -> Axis:
    lists = {name: values for name, values in written.items() if name != WHEN}
    when = written.get(WHEN, {})
    if not isinstance(when, dict):
        raise Refusal(f"{path}: axes: `when` is {when!r}: it takes {{AXIS: VALUE}}.")
    return Axis(list(_values(lists, path)), _shown(when))


def _values(lists: Mapping[str, Any], path: Path) -> Iterator[Value]:
    (name, first), *others = lists.items() or [("", None)]
    if isinstance(first, dict) and first and not others and all(isinstance(one, dict) for one in first.values()):
        yield from (Value({name: str(label)}, assignments) for label, assignments in first.items())
        return
    wrong = [name for name, values in lists.items() if not isinstance(values, list) or not values]
    if wrong or not lists:
        raise Refusal(
            f"{path}: axes: {listed(wrong)} is no axis. It takes a path of the base and a list of values "
            "(train.epochs: [1, 2]), or a name and named changes (optimizer: {SGD: {train.optimizer: ...}})."
        )
    lengths = {name: len(values) for name, values in lists.items()}
    if len(set(lengths.values())) > 1:
        counts = listed(f"{name} {length}" for name, length in lengths.items())
        raise Refusal(f"{path}: axes: values that change together must be as many for each path, found {counts}.")
    for values in zip(*lists.values(), strict=True):
        assignments = dict(zip(lists, values, strict=True))
        yield Value(_shown(assignments), assignments)


def _shown(assignments: Mapping[str, Any]) -> dict[str, str]:
    """A value as yaml writes it on one line."""
    return {
        name: yaml.safe_dump(value, default_flow_style=True, width=10_000, sort_keys=False)
        .removesuffix("...\n")
        .strip("{}\n ")
        for name, value in assignments.items()
    }


def _has(settings: Settings, wanted: Settings) -> bool:
    return all(settings.get(axis) == value for axis, value in wanted.items())


def _refuse_confusion(names: Sequence[str], conditions: Sequence[Settings], path: Path) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise Refusal(f"{path}: axes: {listed(repeated)} stands in two axes. Put all its values into one.")
    unknown = [name for condition in conditions for name in condition if name not in names]
    if unknown:
        near = suggestion(unknown[0], names)
        raise Refusal(f"{path}: `{unknown[0]}` is no axis.{near} Conditions name axes: {listed(names, 20)}.")
