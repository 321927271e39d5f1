"""The study of techniques: its plan, what it does again, and its rows from results worked out by hand."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from benchmarks.page_parts import put
from benchmarks.techniques.charts import draw_curve, draw_gains
from benchmarks.techniques.gains import Judged, judge, stand
from benchmarks.techniques.page import described, reached, table
from benchmarks.techniques.plan import BASELINE, Plan, Technique, changed, read_plan
from benchmarks.techniques.results import Results
from benchmarks.techniques.study import run_study
from benchmarks.techniques.training import Measured, Workspace, measure, prepare
from foldline.experiment.params import read_params
from foldline.files.refusal import Refusal
from tests.competitions.drawing import csv, dealt, numbered, pictures, zipped

STUDIES = ("techniques", "resnet56")
CLASSES = ("airplane", "bird", "cat")
PNG = b"\x89PNG"


def shipped(name: str) -> Plan:
    return read_plan(Path(f"benchmarks/techniques/{name}.yaml"))


def small_plan(**changes: Mapping[str, Any]) -> Plan:
    baseline = {"folds": [0, 1, 2], "train": {"epochs": 3, "loss": {"smoothing": 0.0}}}
    techniques = tuple(Technique("Group", name, change) for name, change in changes.items())
    return Plan({}, baseline, {}, (Technique("", BASELINE, {}), *techniques))


def rows(fold: int, right: list[int], log_loss: list[float]) -> pd.DataFrame:
    return pd.DataFrame(
        {"row_id": [f"{fold}-{row}" for row in range(len(right))], "log_loss": log_loss, "right": right}
    )


def history() -> pd.DataFrame:
    columns = ("learning_rate", "train_loss", "train_accuracy", "validation_loss", "validation_accuracy")
    values = ((0.1, 2.0, 0.25, 1.5, 0.5), (0.01, 1.0, 0.75, 1.25, 0.625))
    return pd.DataFrame(values, columns=columns).assign(epoch=[1, 2])


@pytest.mark.parametrize("name", STUDIES)
def test_every_technique_of_a_shipped_plan_is_a_valid_experiment(name: str, tmp_path: Path) -> None:
    plan, workspace = shipped(name), Workspace(tmp_path, name)
    for technique in plan.techniques:
        workspace.write_params(plan.params(technique))
        assert read_params(tmp_path / "params.yaml").competition == plan.card["slug"] == name
    assert len({technique.name for technique in plan.techniques}) == len(plan.techniques)


def test_a_change_replaces_what_its_path_names_and_nothing_else() -> None:
    content = {"train": {"learning_rates": {"head": 0.1, "backbone": 0.2}, "epochs": 3}}
    assert changed(content, {"train.learning_rates.head": 1.0}) == {
        "train": {"learning_rates": {"head": 1.0, "backbone": 0.2}, "epochs": 3}
    }
    assert content["train"]["learning_rates"]["head"] == 0.1


@pytest.mark.parametrize("path", ["train.learning_rates.haed", "trian.epochs"])
def test_refuses_to_change_what_is_not_there(path: str) -> None:
    with pytest.raises(Refusal, match=f"`{path}` is to be changed, but there is no such key"):
        changed({"train": {"learning_rates": {"head": 0.1}}}, {path: 1})


def test_refuses_a_technique_that_the_plan_has_not() -> None:
    with pytest.raises(Refusal, match=r"There is no technique 'Adm'\. There are: baseline; Adam"):
        small_plan(Adam={}).named(["Adm"])


def test_a_study_goes_on_with_what_is_missing_or_was_measured_with_other_parameters(tmp_path: Path) -> None:
    asked: list[tuple[int, int]] = []

    def note(params: Mapping[str, Any], fold: int) -> Measured:
        asked.append((params["train"]["epochs"], fold))
        return Measured(rows(fold, [1], [0.5]), history(), 1.0, "")

    results = Results(tmp_path)
    plan = small_plan(longer={"epochs": 4})
    run_study(plan, plan.named(["longer"]), results, note)
    run_study(plan, plan.named([]), results, note)
    assert asked == [(4, 0), (4, 1), (4, 2), (3, 0), (3, 1), (3, 2)]

    other = small_plan(longer={"epochs": 5})
    run_study(other, other.named([]), results, note)
    assert asked[6:] == [(5, 0), (5, 1), (5, 2)]
    assert results.history("longer", 0)["validation_accuracy"].tolist() == [0.5, 0.625]


def test_gains_over_the_baseline_are_paired_by_row_and_their_error_is_over_folds() -> None:
    baseline = pd.concat([rows(fold, [0, 0, 1, 1], [2.0, 2.0, 1.0, 1.0]).assign(fold=fold) for fold in range(3)])
    baseline["cluster"] = range(12)
    # One, one and two more rows right, in another order: gains of 1/4, 1/4 and 1/2.
    right = ([1, 0, 1, 1], [1, 0, 1, 1], [1, 1, 1, 1])
    better = pd.concat([rows(fold, values, [1.0, 1.0, 0.0, 0.0]) for fold, values in enumerate(right)]).iloc[::-1]

    accuracy = stand("right", "better", baseline, better)
    assert accuracy.gain == pytest.approx((1 / 3, 1 / 12))
    assert accuracy.score == pytest.approx((5 / 6, 1 / 12))
    # 4/12 of the rows gain one; t's interval over folds is 1/3 -+ 4.30 / 12.
    assert accuracy.comparison.over_folds == pytest.approx((1 / 3 - 4.302653 / 12, 1 / 3 + 4.302653 / 12))
    assert accuracy.verdict == "not yet real"
    # Every row's loss is lower by one: no scatter of any kind.
    loss = stand("log_loss", "better", baseline, better)
    assert (loss.gain, loss.verdict) == ((1.0, 0.0), "better")
    assert stand("log_loss", "worse", better.assign(fold=0, cluster=0), baseline).verdict == "not yet real"


THREE = small_plan(better={"epochs": 4}, broken={"epochs": 5}, waiting={"epochs": 6})


def judged_by_hand(folder: Path) -> list[Judged]:
    """A better technique, one that failed in fold 1, and one that is not done."""
    plan, results = THREE, Results(folder)
    folds = pd.DataFrame({"row_id": [f"{fold}-{row}" for fold in range(3) for row in range(2)]})
    folds = folds.assign(fold=[0, 0, 1, 1, 2, 2], cluster=range(6))
    folds.to_csv(folder / "folds.csv", index=False)
    for technique in plan.techniques[:3]:
        train = plan.params(technique)["train"]
        loss = 1.0 if technique.name == "better" else 1.5
        for fold in plan.folds:
            measured = Measured(rows(fold, [fold % 2, 1], [loss, loss]), history(), 2.0, "")
            if (technique.name, fold) == ("broken", 1):
                measured = Measured(pd.DataFrame(), pd.DataFrame(), 2.0, "the loss is not a number\nat step 3")
            results.add(technique.name, fold, train, "0123456789", measured)
    return judge(plan, results, folder / "folds.csv")


def test_the_table_keeps_failures_and_leaves_out_what_is_not_done(tmp_path: Path) -> None:
    lines = table(judged_by_hand(tmp_path), THREE, ["0123456789"]).splitlines()
    assert lines[2:6] == [
        "| baseline |  | 66.7 ± 16.7 |  |  | 1.500 ± 0.000 |  |  |",
        "| **Group** | | | | | | | |",
        "| better | `epochs: 4` | 66.7 ± 16.7 | +0.0 ± 0.0 | not yet real "
        "| 1.000 ± 0.000 | +0.500 ± 0.000 | **better** |",
        "| broken | `epochs: 5` | **failed** | fold 1: the loss is not a number | | | | |",
    ]
    assert lines[7] == (
        "2 techniques, measured by the code of commit `0123456`. In the plan and not measured yet: waiting."
    )


def test_charts_are_pictures(tmp_path: Path) -> None:
    assert draw_gains(judged_by_hand(tmp_path)).startswith(PNG)
    assert draw_curve(history()).startswith(PNG)


def test_what_was_reached_says_how_long_the_whole_would_take() -> None:
    told = reached(history(), {"seconds": 144.0, "commit": "0123456789"}, epochs_of_source=100)
    assert told == (
        "Trained for 2 epochs in 2 minutes (commit `0123456`): validation accuracy 62.5 %, loss 1.250; training "
        "accuracy 75.0 %, loss 1.000. At that pace 100 epochs take 120 minutes on these pictures."
    )


def test_changes_are_described_as_one_writes_them() -> None:
    assert described({"a.b": 0.5, "c": {"kind": "x", "at": [1, 2]}}) == "`a.b: 0.5`, `c: {kind: x, at: [1, 2]}`"


def test_a_page_keeps_what_a_person_wrote_around_its_tables(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- one: written from here -->\nold\n<!-- to here -->\nafter\n")
    put(page, "one", "new")
    assert page.read_text() == "before\n<!-- one: written from here -->\n\nnew\n\n<!-- to here -->\nafter\n"
    with pytest.raises(ValueError, match="has no place for 'two'"):
        put(page, "two", "new")


def test_a_technique_is_trained_and_judged_by_the_stages_themselves(tmp_path: Path) -> None:
    labels, tests = dealt(numbered(18, "{:04x}"), CLASSES), numbered(3, "{:04x}", 100)
    members = pictures([f"train/{row_id}.jpg" for row_id in labels], 0)
    members |= pictures([f"test/{row_id}.jpg" for row_id in tests], 100)
    members["labels.csv"] = csv({"id": labels.keys(), "label": labels.values()})
    members["sample_submission.csv"] = csv({"id": tests, **dict.fromkeys(CLASSES, 1 / 3)})
    archive = tmp_path / "small.zip"
    archive.write_bytes(zipped(members))
    plan, workspace = shipped("techniques"), Workspace(tmp_path, "techniques")
    prepare(workspace, archive, plan.card, plan.baseline)

    short = changed(plan.baseline, {"train.epochs": 1})
    trained = measure(workspace, short, 0)
    assert trained.failure == ""
    assert len(trained.rows) == 6
    assert set(trained.rows["row_id"]) < set(labels)
    # Judged anew, with the loss that the training itself saw.
    assert trained.rows["log_loss"].mean() == pytest.approx(trained.history["validation_loss"].iloc[-1], rel=1e-4)
    assert trained.rows["right"].mean() == pytest.approx(trained.history["validation_accuracy"].iloc[-1])

    with pytest.raises(Refusal, match=r"train: `epochs` is 0"):
        measure(workspace, changed(short, {"train.epochs": 0}), 0)

    diverging = changed(
        short, {"train.learning_rates.backbone": 1e30, "train.learning_rates.head": 1e30, "train.epochs": 5}
    )
    failed = measure(workspace, changed(diverging, {"train.schedule": {"kind": "constant"}}), 0)
    assert "the training loss is not a number" in failed.failure
    assert failed.rows.empty
