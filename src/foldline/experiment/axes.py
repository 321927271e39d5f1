"""The axes of a study: what its cells change, in the study's file.

An axis is a list of values for a path of the base (`train.epochs: [1, 10]`), several such lists of one length, whose
values change together (a zip), named values, each with all that it changes (`optimizer: {SGD: {train.optimizer: {...},
train.learning_rates.head: 0.3}}`), or, for a search, a range (`train.learning_rates.head: {low: 0.001, high: 0.1, log:
true}`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import yaml

from foldline.files.refusal import Refusal, listed
from foldline.params.section import Section, parse

WHEN = "when"
Settings = Mapping[str, str]
"""From axes to values, as a table shows them."""


@dataclass(frozen=True)
class Value:
    """One of an axis: how a table shows it, and what it assigns to paths of the base."""

    settings: Settings
    assignments: Mapping[str, Any]


@runtime_checkable
class Drawing(Protocol):
    """Who draws values: a trial of Optuna."""

    def suggest_categorical(self, name: str, choices: Sequence[str]) -> str: ...
    def suggest_float(self, name: str, low: float, high: float, *, log: bool) -> float: ...
    def suggest_int(self, name: str, low: int, high: int, *, log: bool) -> int: ...


@dataclass(frozen=True)
class Axis:
    """Of listed values."""

    names: Sequence[str]
    listed_values: Sequence[Value]
    when: Settings

    def values(self) -> Sequence[Value]:
        return self.listed_values

    def ends(self) -> tuple[Value, Value]:
        return self.listed_values[0], self.listed_values[-1]

    def drawn(self, drawing: Drawing) -> Value:
        by_title = {", ".join(value.settings.values()): value for value in self.listed_values}
        return by_title[drawing.suggest_categorical(", ".join(self.names), [*by_title])]


class Range(Section):
    """Numbers from `low` to `high`, whole ones if these are; evenly on a logarithmic scale if `log`."""

    low: int | float
    high: int | float
    log: bool


@dataclass(frozen=True)
class RangeAxis:
    """Of all numbers of a range, one and the same for all paths."""

    names: Sequence[str]
    range: Range
    when: Settings

    def values(self) -> Sequence[Value]:
        raise Refusal(
            f"axes: {listed(self.names)} is a range, and a grid takes lists of values. Write a list, or search the "
            "range with `--search optuna`."
        )

    def ends(self) -> tuple[Value, Value]:
        return self._value(self.range.low), self._value(self.range.high)

    def drawn(self, drawing: Drawing) -> Value:
        """With 3 digits, as a person would write it."""
        name, low, high = ", ".join(self.names), self.range.low, self.range.high
        if isinstance(low, int) and isinstance(high, int):
            return self._value(drawing.suggest_int(name, low, high, log=self.range.log))
        return self._value(float(f"{drawing.suggest_float(name, low, high, log=self.range.log):.3g}"))

    def _value(self, number: int | float) -> Value:
        assignments = dict.fromkeys(self.names, number)
        return Value(shown(assignments), assignments)


def read_axis(written: Mapping[str, Any], path: Path) -> Axis | RangeAxis:
    lists = {name: values for name, values in written.items() if name != WHEN}
    when = written.get(WHEN, {})
    if not isinstance(when, dict):
        raise Refusal(f"{path}: axes: `when` is {when!r}: it takes {{AXIS: VALUE}}.")
    first = next(iter(lists.values()), None)
    if isinstance(first, dict) and {*first} & {*Range.model_fields}:
        return _range_axis(lists, shown(when), path)
    values = list(_values(lists, path))
    return Axis(list(values[0].settings), values, shown(when))


def _range_axis(written: Mapping[str, Any], when: Settings, path: Path) -> RangeAxis:
    first, *others = [parse(one, Range, f"{path}: axes: {name}") for name, one in written.items()]
    if any(other != first for other in others):
        raise Refusal(f"{path}: axes: paths of one axis share one range, found {listed(map(str, (first, *others)))}.")
    if not first.low < first.high or (first.log and first.low <= 0):
        raise Refusal(
            f"{path}: axes: {listed(written)} goes from {first.low} to {first.high}: a range goes up, and on a "
            "logarithmic scale from above 0."
        )
    return RangeAxis(list(written), first, when)


def _values(lists: Mapping[str, Any], path: Path) -> Iterator[Value]:
    (name, first), *others = lists.items() or [("", None)]
    if isinstance(first, dict) and first and not others and all(isinstance(one, dict) for one in first.values()):
        yield from (Value({name: str(label)}, assignments) for label, assignments in first.items())
        return
    wrong = [name for name, values in lists.items() if not isinstance(values, list) or not values]
    if wrong or not lists:
        raise Refusal(
            f"{path}: axes: {listed(wrong)} is not an axis. It takes a path of the base and a list of values "
            "(train.epochs: [1, 2]), or a name and named changes (optimizer: {SGD: {train.optimizer: ...}})."
        )
    lengths = {name: len(values) for name, values in lists.items()}
    if len(set(lengths.values())) > 1:
        counts = listed(f"{name} {length}" for name, length in lengths.items())
        raise Refusal(f"{path}: axes: values that change together must be as many for each path, found {counts}.")
    for values in zip(*lists.values(), strict=True):
        assignments = dict(zip(lists, values, strict=True))
        yield Value(shown(assignments), assignments)


def shown(assignments: Mapping[str, Any]) -> dict[str, str]:
    """A value as yaml writes it on one line."""
    return {
        name: yaml.safe_dump(value, default_flow_style=True, width=10_000, sort_keys=False)
        .removesuffix("...\n")
        .strip("{}\n ")
        for name, value in assignments.items()
    }
