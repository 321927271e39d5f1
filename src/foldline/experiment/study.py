"""A study: one experiment, the base, and changes to it along axes (experiment/axes.py).

Cells are the base, and all combinations of the axes' values, or those that a search draws (experiment/search.py).
"""

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from foldline.experiment.axes import Axis, Drawing, RangeAxis, Settings, Value, read_axis, shown
from foldline.files.refusal import Refusal, listed, suggestion
from foldline.params.section import Section, parse
from foldline.params.yaml_files import read_yaml

BASE = "base"
"""What a cell's settings say of an axis that it leaves as the base has it."""
SEEDS = "train.seeds"
REPEATED = {SEEDS, "pretext.seed"}
"""An axis of SEEDS, zipped with nothing but these, repeats a cell instead of changing it: such cells are one on the
page, with all their trainings."""


class Study(Section):
    """The keys of a study's file."""

    base: str
    """An experiment: params.yaml or a recipe, relative to the project's folder."""
    changes: Mapping[str, Any]
    """From a path of the base to its value in all cells, the base among them."""
    axes: tuple[Mapping[str, Any], ...]
    """The first varies slowest. With `when: {AXIS: VALUE}` an axis varies only where an earlier one has that value."""
    leave_out: tuple[Mapping[str, Any], ...] = ()
    """Combinations (`{AXIS: VALUE, ...}`) that are no cells."""
    against: Mapping[str, Any] = {}
    """What a cell is compared with: the one with these values (`{AXIS: VALUE}`) that is else alike; `{}`: the base."""


@dataclass(frozen=True)
class Cell:
    settings: Settings
    params: Mapping[str, Any]
    """The whole experiment."""
    is_base: bool = False
    repeats: tuple[str, ...] = ()
    """Of the settings, those that repeat it."""

    @property
    def title(self) -> str:
        return cell_title(self.settings)

    @property
    def compared(self) -> Settings:
        """The settings that tell it from others."""
        return {axis: value for axis, value in self.settings.items() if axis not in self.repeats}


def cell_title(settings: Settings) -> str:
    return ", ".join(f"{axis}: {value}" for axis, value in settings.items() if value != BASE) or BASE


@dataclass(frozen=True)
class Grid:
    """A study's file, read and understood."""

    file: Path
    base: Mapping[str, Any]
    """The experiment that all cells start from."""
    axes: Sequence[Axis | RangeAxis]
    left_out: Sequence[Settings]
    against: Settings

    @property
    def base_cell(self) -> Cell:
        return Cell({name: BASE for axis in self.axes for name in axis.names}, self.base, True, self.repeats)

    @property
    def repeats(self) -> tuple[str, ...]:
        seeds = [axis.names for axis in self.axes if SEEDS in axis.names and {*axis.names} <= REPEATED]
        return tuple(name for names in seeds for name in names)

    def cells(self) -> list[Cell]:
        """The base first, called by the axes' values where these have it; no two are equal."""
        base, found = self.base_cell, self._cells(itertools.product(*(axis.values() for axis in self.axes)))
        named = [cell for cell in found if cell.params == base.params]
        base = replace(named[0], is_base=True) if named else base
        others = [cell for cell in found if cell.params != base.params]
        return [base, *{cell.title: cell for cell in others}.values()]

    def reference(self, cell: Cell, base: Cell) -> Settings:
        """What is `compared` of the cell that this one is compared with."""
        if not self.against:
            return base.compared
        settings = dict(self.base_cell.settings)
        for axis in self.axes:
            if _has(settings, axis.when):
                settings |= {name: self.against.get(name, cell.settings[name]) for name in axis.names}
        return replace(cell, settings=settings).compared

    def corners(self) -> list[Cell]:
        """Of a search: all axes at their first value, or lower end, and at their last, or upper end."""
        return self._cells(zip(*(axis.ends() for axis in self.axes), strict=True))

    def _cells(self, combinations: Iterable[Sequence[Value]]) -> list[Cell]:
        """Of values for each axis, but for what is left out."""
        return [cell for values in combinations if (cell := self.cell(values.__getitem__)) is not None]

    def drawn(self, drawing: Drawing) -> Cell | None:
        return self.cell(lambda at: self.axes[at].drawn(drawing))

    def cell(self, choose: Callable[[int], Value]) -> Cell | None:
        """Of the values that are chosen, of each axis by its place; None where it is left out."""
        settings, params = dict(self.base_cell.settings), self.base
        for at, axis in enumerate(self.axes):
            if _has(settings, axis.when):
                value = choose(at)
                settings |= value.settings
                params = assigned(params, value.assignments, f"{self.file}: axes: {listed(value.settings)}")
        return (
            None if any(_has(settings, one) for one in self.left_out) else Cell(settings, params, False, self.repeats)
        )


def read_grid(path: Path) -> Grid:
    """Of the study in the file. Raises Refusal."""
    study = parse(read_yaml(path), Study, str(path))
    axes = [read_axis(written, path) for written in study.axes]
    left_out, against = [shown(one) for one in study.leave_out], shown(study.against)
    _refuse_confusion(axes, [*left_out, against, *(axis.when for axis in axes)], path)
    _refuse_absent(axes, against, path)
    base = assigned(read_yaml(Path(study.base)), study.changes, f"{path}: changes")
    return Grid(path, base, axes, left_out, against)


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
                    f"{source}: `{path}` is not in the base: there is no `{name}`{where}.{suggestion(name, keys)} "
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


def _has(settings: Settings, wanted: Settings) -> bool:
    return all(settings.get(axis) == value for axis, value in wanted.items())


def _refuse_confusion(axes: Sequence[Axis | RangeAxis], conditions: Sequence[Settings], path: Path) -> None:
    names = [name for axis in axes for name in axis.names]
    repeated = sorted(
        name
        for one, other in itertools.combinations(axes, 2)
        for name in {*one.names} & {*other.names}
        if not any(one.when[axis] != other.when[axis] for axis in one.when.keys() & other.when.keys())
    )
    if repeated:
        raise Refusal(
            f"{path}: axes: {listed(repeated)} stands in two axes. Put all its values into one, or give both a `when` "
            "so that only one of them varies at a time."
        )
    unknown = [name for condition in conditions for name in condition if name not in names]
    if unknown:
        near = suggestion(unknown[0], names)
        raise Refusal(f"{path}: `{unknown[0]}` is not an axis.{near} Conditions name axes: {listed(names, 20)}.")


def _refuse_absent(axes: Sequence[Axis | RangeAxis], against: Settings, path: Path) -> None:
    for name, value in against.items():
        known = [
            one.settings[name]
            for axis in axes
            if isinstance(axis, Axis) and name in axis.names
            for one in axis.values()
        ]
        if value not in {*known, BASE}:
            raise Refusal(
                f"{path}: against: `{name}` is never {value}, so that nothing could be compared."
                f"{suggestion(value, known)} There is {listed([*known, BASE], 20)}."
            )
