"""Which cells their first epochs rule out, whenever one looks."""

from pathlib import Path

import pandas as pd
import pytest

from foldline.experiment.chain import Stage
from foldline.experiment.study import Cell
from foldline.experiment.study_cells import Training, Workspace
from foldline.fan_out.queue import Environment, Item, Running, run_queue
from foldline.files.progress import Done, report_progress
from foldline.files.whole_files import write_json
from foldline.training.history import COLUMNS, write_history
from pipelines.study_halving import (
    FIRST_EPOCHS,
    FIRST_FOLD,
    EpochRule,
    RuledOut,
    counts,
    measured,
    rule_out_by_first_fold,
    ruled_out,
    take_back,
)
from tests.fan_out.test_queue import Silent

LOSSES = {"base": (9.0, 9.0, 9.0), "b": (1.0, 1.0, 1.0), "c": (2.0, 2.0, 2.0), "late": (3.0, 0.1, 0.1)}
OUTS = [f"fold{{}}-seed{{}}/{name}" for name in ("history.csv", "metrics.json")]
WHY = "its validation loss after epoch 1 of 3, 3, is above the median of the 3 that came as far before it, 2"


class Over:
    pid = None

    def poll(self) -> int:
        return 0

    def wait(self) -> None:
        raise AssertionError("nobody need be ended")


@pytest.fixture
def trainings(tmp_path: Path) -> dict[str, Training]:
    return {name: training(tmp_path, name) for name in LOSSES}


def training(folder: Path, name: str, seed: int = 0) -> Training:
    params = {"folds": [0, 1], "train": {"seeds": [seed]}}
    cell = Cell({"axis": name}, params, is_base=name == "base")
    stage = Stage("train", "-m nothing", {}, [], [out.format(0, seed) for out in OUTS])
    return Training(cell, Workspace(folder / name, params), 0, seed, stage)


def end(one: Training, losses: tuple[float, ...]) -> None:
    """As a training does that comes to its end."""
    rows = [{**dict.fromkeys(COLUMNS, 0.0), "epoch": at, "validation_loss": loss} for at, loss in enumerate(losses, 1)]
    write_history(one.folder / "history.csv", pd.DataFrame(rows))
    write_json(one.folder / "metrics.json", {"validation_loss": losses[-1]})


def test_what_ends_before_one_looks_is_ruled_out_all_the_same(trainings: dict[str, Training]) -> None:
    """Each is judged before the next begins, and what follows the epoch that decides counts nowhere."""
    rule = EpochRule([*trainings.values()], [])
    by_log = {one.item.log: one for one in rule.waiting()}
    assert [*by_log.values()] == [*trainings.values()]

    def start(item: Item, _: Environment) -> Over:
        one = by_log[item.log]
        end(one, LOSSES[one.cell.settings["axis"]])
        return Over()

    ended = run_queue([one.item for one in rule.waiting()], [{}], Silent(), start, rule.stop)
    assert [one.stopped for one in ended] == [None, None, None, WHY]
    late = trainings["late"]
    assert ruled_out(late) == RuledOut(FIRST_EPOCHS, WHY, [3.0], 3)
    assert late.is_done
    assert not counts(late)
    again = EpochRule([*trainings.values()], [])
    assert again.waiting() == []
    others = {"base": 9.0, "axis: b": 1.0, "axis: c": 2.0}
    assert again.halving.measured == {(3, 1): {**others, "axis: late": 3.0}, (3, 2): others}
    rule_out_by_first_fold([*trainings.values()])
    found = [ruled_out(one) for one in trainings.values()]
    assert [one and one.by for one in found] == [None, None, FIRST_FOLD, FIRST_EPOCHS]


def test_what_a_training_tells_on_its_way_is_judged_alike(
    trainings: dict[str, Training], monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = EpochRule([*trainings.values()], [])
    for name, losses in LOSSES.items():
        item = trainings[name].item
        monkeypatch.setenv("FOLDLINE_PROGRESS", str(item.progress))
        item.progress.parent.mkdir(parents=True)
        report_progress(Done(2, 3, 1.0, losses[:2]))
        why = rule.stop(Running(item, Over(), 1, 0.0))
        assert why == (WHY if name == "late" else None)
    assert ruled_out(trainings["late"]) == RuledOut(FIRST_EPOCHS, WHY, [3.0], 3)


def test_cells_that_differ_in_their_seeds_are_ruled_out_each_by_itself(trainings: dict[str, Training]) -> None:
    """They share a folder. A run without halving takes back what rules a cell out."""
    *earlier, first = trainings.values()
    second = training(first.workspace.folder.parent, "late", seed=1)
    for one, losses in zip(trainings.values(), LOSSES.values(), strict=True):
        end(one, losses)
    end(second, (0.1, 0.1, 0.1))
    rule = EpochRule([first], earlier)
    for one in earlier:
        rule.halving.verdict(one.cell.title, *measured(one))
    assert rule.stop(Running(first.item, Over(), 1, 0.0)) == WHY
    assert (counts(first), counts(second)) == (False, True)
    take_back(first)
    assert counts(first)
