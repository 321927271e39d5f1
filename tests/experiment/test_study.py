"""A study's cells: products, values that change together, named changes, conditions; and what is refused."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from foldline.experiment.study import Cell, assigned, cell_title, read_grid
from foldline.files.refusal import Refusal

BASE = {
    "folds": [0, 1],
    "train": {"epochs": 6, "optimizer": {"kind": "adamw", "weight_decay": 0.05}, "rates": {"head": 0.1}},
}


def cells(folder: Path, axes: Any = (), of_base: Any = None, **others: Any) -> list[Cell]:
    (folder / "base.yaml").write_text(yaml.safe_dump(BASE | (of_base or {})))
    study = {
        "base": str(folder / "base.yaml"),
        "changes": {},
        "axes": list(axes),
        **others,
    }
    (folder / "study.yaml").write_text(yaml.safe_dump(study, sort_keys=False))
    return read_grid(folder / "study.yaml").cells()


def titles(found: list[Cell]) -> list[str]:
    return [cell.title for cell in found]


def test_without_axes_the_base_is_the_only_cell(tmp_path: Path) -> None:
    (only,) = cells(tmp_path)
    assert (only.title, only.params) == ("base", BASE)


def test_axes_are_multiplied_and_the_first_varies_slowest(tmp_path: Path) -> None:
    found = cells(tmp_path, [{"train.epochs": [1, 2]}, {"train.optimizer.weight_decay": [0.0, 0.1]}])
    assert titles(found) == [
        "base",
        "train.epochs: 1, train.optimizer.weight_decay: 0.0",
        "train.epochs: 1, train.optimizer.weight_decay: 0.1",
        "train.epochs: 2, train.optimizer.weight_decay: 0.0",
        "train.epochs: 2, train.optimizer.weight_decay: 0.1",
    ]
    assert found[2].params["train"] == {
        "epochs": 1,
        "optimizer": {"kind": "adamw", "weight_decay": 0.1},
        "rates": {"head": 0.1},
    }
    assert found[0].params == BASE, "no cell changes another's"


def test_lists_of_one_axis_change_together(tmp_path: Path) -> None:
    found = cells(tmp_path, [{"train.epochs": [1, 2], "train.rates.head": [0.3, 0.2]}])
    assert titles(found)[1:] == ["train.epochs: 1, train.rates.head: 0.3", "train.epochs: 2, train.rates.head: 0.2"]
    assert found[2].params["train"]["rates"] == {"head": 0.2}


def test_named_values_change_several_paths(tmp_path: Path) -> None:
    sgd = {"train.optimizer": {"kind": "sgd"}, "train.rates.head": 0.3}
    found = cells(tmp_path, [{"optimizer": {"SGD": sgd, "long": {"train.epochs": 60}}}])
    assert titles(found) == ["base", "optimizer: SGD", "optimizer: long"]
    assert found[1].params["train"] == {"epochs": 6, "optimizer": {"kind": "sgd"}, "rates": {"head": 0.3}}


def test_an_axis_may_depend_on_an_earlier_one(tmp_path: Path) -> None:
    optimizer = {"optimizer": {"SGD": {"train.optimizer": {"kind": "sgd", "momentum": 0.0}}, "AdamW": {}}}
    momentum = {"train.optimizer.momentum": [0.5, 0.9], "when": {"optimizer": "SGD"}}
    assert titles(cells(tmp_path, [optimizer, momentum])) == [
        "optimizer: AdamW",  # as the base
        "optimizer: SGD, train.optimizer.momentum: 0.5",
        "optimizer: SGD, train.optimizer.momentum: 0.9",
    ]


def test_one_path_may_stand_in_two_axes_of_which_one_varies(tmp_path: Path) -> None:
    axes = [
        {"train.rates.head": [0.1, 0.2]},
        {"train.epochs": [1], "when": {"train.rates.head": 0.1}},
        {"train.epochs": [2], "when": {"train.rates.head": 0.2}},
    ]
    assert titles(cells(tmp_path, axes))[1:] == [
        "train.rates.head: 0.1, train.epochs: 1",
        "train.rates.head: 0.2, train.epochs: 2",
    ]


COMPARED = [
    {"train.rates.head": [0.1, 0.2]},
    {"start": {"scratch": {}, "taught": {"train.optimizer.weight_decay": 0.0}, "longer": {}}},
    {"train.epochs": [9], "when": {"start": "longer"}},
    {"train.seeds": [[0], [1]]},
]


def test_a_cell_is_compared_with_that_of_another_value(tmp_path: Path) -> None:
    found = cells(tmp_path, COMPARED, changes={"train": {**BASE["train"], "seeds": [0]}}, against={"start": "taught"})
    grid = read_grid(tmp_path / "study.yaml")
    assert found[0].title == "train.rates.head: 0.1, start: scratch, train.seeds: [0]", "as the base"
    assert len({cell_title(cell.compared) for cell in found}) == 6, "seeds repeat a cell"
    references = {cell_title(cell.compared): cell_title(grid.reference(cell, found[0])) for cell in found}
    assert references == {
        f"train.rates.head: {rate}, start: {start}": f"train.rates.head: {rate}, start: taught"
        for rate in (0.1, 0.2)
        for start in ("scratch", "taught", "longer, train.epochs: 9")
    }


def test_only_an_axis_of_trainings_seeds_repeats_a_cell(tmp_path: Path) -> None:
    """Two pretexts under one training's seed are two cells: as one they would have two trainings of a fold and seed."""
    changes = {"train": {**BASE["train"], "seeds": [0]}, "folds": [0]}

    def told_apart(*axes: Any) -> set[str]:
        found = cells(tmp_path, axes, changes=changes, of_base={"pretext": {"seed": 9}})
        return {cell_title(cell.compared) for cell in found}

    assert told_apart({"train.seeds": [[0], [1]], "pretext.seed": [0, 1]}) == {"base"}
    apart = {"pretext.seed: 0", "pretext.seed: 1"}
    assert told_apart({"pretext.seed": [0, 1]}) == {"base", *apart}
    assert told_apart({"train.seeds": [[0], [1]]}, {"pretext.seed": [0, 1]}) == {"base", *apart}
    assert told_apart({"train.seeds": [[1]], "train.epochs": [2]}) == {"base", "train.seeds: [1], train.epochs: 2"}


def test_without_another_value_it_is_the_base(tmp_path: Path) -> None:
    found = cells(tmp_path, [{"train.epochs": [1, 2]}])
    grid = read_grid(tmp_path / "study.yaml")
    assert {cell_title(grid.reference(cell, found[0])) for cell in found} == {"base"}


def test_combinations_are_left_out(tmp_path: Path) -> None:
    axes = [{"train.epochs": [1, 2]}, {"train.rates.head": [0.3, 0.2]}]
    found = cells(tmp_path, axes, leave_out=[{"train.epochs": 2, "train.rates.head": 0.3}, {"train.epochs": 1}])
    assert titles(found) == ["base", "train.epochs: 2, train.rates.head: 0.2"]


def test_changes_are_those_of_all_cells(tmp_path: Path) -> None:
    found = cells(tmp_path, [{"train.epochs": [1]}], changes={"folds": [1]})
    assert [cell.params["folds"] for cell in found] == [[1], [1]]


def test_a_path_leads_through_lists() -> None:
    assert assigned({"a": [{"b": 1}, {"b": 2}]}, {"a.1.b": 3}, "here") == {"a": [{"b": 1}, {"b": 3}]}


@pytest.mark.parametrize(
    ("study", "told"),
    [
        ({"axes": [{"train.epoch": [1]}]}, r"`train.epoch` is not in the base: there is no `epoch` below `train`. "
         r"Did you mean `epochs`\? There is epochs, optimizer, rates"),
        ({"changes": {"fold": [1]}}, r"changes: `fold` is not in the base: there is no `fold`. Did you mean `fold"),
        ({"axes": [{"folds.2": [1]}]}, r"there is no `2` below `folds`. There is 0, 1"),
        ({"axes": [{"train.epochs": 3}]}, r"axes: train.epochs is not an axis. It takes a path"),
        ({"axes": [{"train.epochs": []}]}, r"axes: train.epochs is not an axis"),
        ({"axes": [{}]}, r"axes: none is not an axis"),
        ({"axes": [{"train.epochs": [1, 2], "train.rates.head": [0.1]}]}, r"found train.epochs 2, train.rates.head 1"),
        ({"axes": [{"train.epochs": [1]}, {"train.epochs": [2]}]}, r"train.epochs stands in two axes"),
        ({"axes": [{"train.epochs": [1]}], "leave_out": [{"train.epoch": 1}]}, r"`train.epoch` is not an axis. Did you "
         r"mean `train.epochs`"),
        ({"axes": [{"train.epochs": [1], "when": {"model": "a"}}]}, r"`model` is not an axis"),
        ({"axes": [{"train.epochs": [1], "when": 3}]}, r"`when` is 3: it takes \{AXIS: VALUE\}"),
        ({"axis": []}, r"axis"),
        ({"axes": [{"train.epochs": [1]}], "against": {"train.epoch": 1}}, r"`train.epoch` is not an axis. Did you"),
        ({"axes": [{"train.epochs": [1]}], "against": {"train.epochs": 2}}, r"against: `train.epochs` is never 2, so "
         r"that nothing could be compared. There is 1, base"),
        ({"axes": [{"train.rates.head": {"low": 0.1, "high": 1.0, "log": True}}]}, r"train.rates.head is a range, and "
         r"a grid takes lists of values. Write a list, or search the range with `--search optuna`"),
        ({"axes": [{"train.rates.head": {"low": 0.1, "high": 1.0}}]}, r"axes: train.rates.head: .*log"),
        ({"axes": [{"train.rates.head": {"low": 1, "high": 1, "log": False}}]}, r"goes from 1 to 1: a range goes up"),
        ({"axes": [{"train.rates.head": {"low": 0.0, "high": 1.0, "log": True}}]}, r"logarithmic scale from above 0"),
        ({"axes": [{"train.epochs": {"low": 1, "high": 2, "log": False},
                    "train.rates.head": {"low": 1, "high": 3, "log": False}}]}, r"paths of one axis share one range"),
    ],
)  # fmt: skip
def test_refusals(study: dict[str, Any], told: str, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=told):
        cells(tmp_path, **study)
