"""What a search asks for: values of the axes, the same after a kill, better ones with what it is told."""

import math
from pathlib import Path
from typing import Any

import pytest
import yaml

from foldline.experiment.search import Search
from foldline.experiment.study import Cell, read_grid
from foldline.files.refusal import Refusal

pytest.importorskip("optuna")
BASE = {"train": {"epochs": 6, "rates": {"head": 0.1, "body": 0.1}, "optimizer": {"kind": "sgd"}}}
RATES = {"low": 1e-4, "high": 1.0, "log": True}
AXES = [
    {"train.rates.head": RATES, "train.rates.body": RATES},
    {"train.epochs": {"low": 1, "high": 9, "log": False}},
    {"optimizer": {"SGD": {}, "Adam": {"train.optimizer.kind": "adam"}}},
]  # fmt: skip


def search(folder: Path, leave_out: Any = (), seed: int = 0, axes: Any = AXES) -> Search:
    (folder / "base.yaml").write_text(yaml.safe_dump(BASE))
    study = {"base": str(folder / "base.yaml"), "changes": {}, "axes": axes, "leave_out": [*leave_out], "against": {}}
    (folder / "study.yaml").write_text(yaml.safe_dump(study, sort_keys=False))
    return Search(read_grid(folder / "study.yaml"), folder / "study", seed)


def loss(cell: Cell) -> float:
    """Least at a rate of 0.01 with Adam."""
    rate, kind = cell.params["train"]["rates"]["head"], cell.params["train"]["optimizer"]["kind"]
    return abs(math.log10(rate) + 2) + (kind != "adam")


def asked(folder: Path, trials: int, is_killed: bool = False, **changed: Any) -> list[str]:
    """What is asked for, one trial at a time, each but the first told of; killed: before each is told."""
    one = search(folder, **changed)
    while one.ended() < trials:
        ((number, cell),) = one.ask(1).items()
        if is_killed:
            one = search(folder, **changed)
            assert list(one.ask(1).items()) == [(number, cell)], "what was never told of is asked for again"
        one.tell(number, loss(cell))
    return [cell.title for cell in one.cells()]


def test_values_are_of_the_axes(tmp_path: Path) -> None:
    one = search(tmp_path)
    for cell in one.ask(20).values():
        train = cell.params["train"]
        assert 1e-4 <= train["rates"]["head"] == train["rates"]["body"] <= 1
        assert train["epochs"] in range(1, 10)
        assert f"train.rates.head: {train['rates']['head']}" in cell.title
        assert len(f"{train['rates']['head']:e}".split("e")[0].rstrip("0")) <= 4, "3 digits"


def test_a_search_that_was_killed_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    for name in ("straight", "killed", "other"):
        (tmp_path / name).mkdir()
    straight = asked(tmp_path / "straight", 14)
    assert asked(tmp_path / "killed", 14, is_killed=True) == straight
    assert asked(tmp_path / "other", 3, seed=1) != straight[:4]
    assert straight[0] == "base"


def test_it_learns_from_what_it_is_told(tmp_path: Path) -> None:
    """The last ten of forty are nearer to the best than the ten that it begins with, at random."""
    one, losses = search(tmp_path), []
    for _ in range(40):
        ((number, cell),) = one.ask(1).items()
        losses.append(loss(cell))
        one.tell(number, losses[-1])
    assert sum(losses[-10:]) < 0.8 * sum(losses[:10])


def test_what_is_left_out_is_never_asked_for(tmp_path: Path) -> None:
    one = search(tmp_path, leave_out=[{"optimizer": "SGD"}])
    cells = one.ask(8).values()
    assert {cell.settings["optimizer"] for cell in cells} == {"Adam"}
    assert one.ended() == 0
    none = search(tmp_path, leave_out=[{"optimizer": "SGD"}, {"optimizer": "Adam"}])
    assert none.ask(1) == {}


def test_a_training_that_failed_has_ended(tmp_path: Path) -> None:
    one = search(tmp_path)
    (number,) = one.ask(1)
    one.tell(number, None)
    assert one.ended() == 1
    assert number not in one.ask(1)


def test_other_axes_are_another_search(tmp_path: Path) -> None:
    assert len(asked(tmp_path, 2)) == 3
    assert search(tmp_path, axes=AXES[:1]).ended() == 0
    assert search(tmp_path).ended() == 2


def test_without_the_package_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "optuna", None)
    with pytest.raises(Refusal, match="a search needs the package optuna: `pip install optuna`"):
        search(tmp_path).ask(1)


def test_corners_hold_both_ends_of_each_axis(tmp_path: Path) -> None:
    first, last = search(tmp_path).grid.corners()
    assert (first.params["train"]["epochs"], last.params["train"]["epochs"]) == (1, 9)
    assert (first.params["train"]["rates"]["head"], last.params["train"]["rates"]["body"]) == (1e-4, 1.0)
    assert last.params["train"]["optimizer"] == {"kind": "adam"}
