"""Each mistake in a yaml file is one message: where it is, what is there, what would be valid."""

import re
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field, ValidationError

from foldline.files.refusal import Refusal
from foldline.metrics.metric import METRICS, Metric
from foldline.params.section import Kinds, Section, parse, read_section
from foldline.params.yaml_files import read_yaml


class Constant(Section):
    kind: Literal["constant"]
    constant: float


class Step(Section):
    kind: Literal["step"]
    every_epochs: Annotated[int, Field(ge=1)]


Schedule = Annotated[Constant | Step, Kinds()]


class Part(Section):
    rate: float
    schedule: Schedule
    stages: tuple[Schedule, ...]


class Whole(Section):
    part: Part


GOOD = {"rate": 0.1, "schedule": {"kind": "step", "every_epochs": 2}, "stages": []}


def refusal_of(part: object) -> str:
    with pytest.raises(Refusal) as refused:
        parse({"part": part}, Whole, "params.yaml")
    return str(refused.value)


def test_a_good_file_is_read_and_cannot_be_changed(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(
        "part: {rate: 1e-3, schedule: {kind: constant, constant: 2}, stages: [{kind: step, every_epochs: 1}]}"
    )
    part = read_section(path, "part", Part)
    # Plain yaml reads 1e-3 as text.
    assert part.rate == 0.001
    assert part.stages == (Step(kind="step", every_epochs=1),)
    with pytest.raises(ValidationError, match="frozen"):
        part.rate = 2.0  # type: ignore[misc]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rat": 1}, "`part.rat` is not a known key. Did you mean `rate`? Valid here: rate, schedule, stages."),
        ({"xyz": 1}, "`part.xyz` is not a known key. Valid here: rate, schedule, stages."),
        (
            {"rate": "fast"},
            "`part.rate` is 'fast': input should be a valid number, unable to parse string as a number.",
        ),
        ({"rate": float("nan")}, "`part.rate` is nan: input should be a finite number."),
        (
            {"schedule": {"kind": "steps"}},
            "`part.schedule.kind` is 'steps'. Did you mean `step`? Valid: 'constant', 'step'.",
        ),
        (
            {"schedule": {"kind": "old_step"}},
            "`part.schedule.kind` is 'old_step'. Did you mean `step`? Valid: 'constant', 'step'.",
        ),
        ({"schedule": {"kind": "cosine"}}, "`part.schedule.kind` is 'cosine'. Valid: 'constant', 'step'."),
        ({"stages": "x"}, "`part.stages` is 'x': it must be a list, in brackets: [x]."),
        ({"stages": "[1, 2]"}, "`part.stages` is '[1, 2]': it must be a list, without quotes: [1, 2]."),
        ({"RATE": 1}, "`part.RATE` is not a known key. Did you mean `rate`? Valid here: rate, schedule, stages."),
        ({"schedule": {"every_epochs": 2}}, "`part.schedule.kind` is missing. Valid: 'constant', 'step'."),
        ({"schedule": {"kind": "step"}}, "`part.schedule.every_epochs` is missing."),
        ({"schedule": {"kind": "constant"}}, "`part.schedule.constant` is missing."),
        (
            {"schedule": {"kind": "step", "every_epochs": 0}},
            "`part.schedule.every_epochs` is 0: input should be greater than or equal to 1.",
        ),
        (
            {"schedule": {"kind": "step", "every_epochs": 1, "every_epoch": 1}},
            "`part.schedule.every_epoch` is not a known key. Did you mean `every_epochs`? "
            "Valid here: every_epochs, kind.",
        ),
        (
            {"schedule": {"kind": "step", "every_epochs": 1, "every": 1}},
            "`part.schedule.every` is not a known key. Did you mean `every_epochs`? Valid here: every_epochs, kind.",
        ),
        (
            {"stages": [{"kind": "step", "every_epochs": 1}, {"kind": "step", "every_epochs": "x"}]},
            "`part.stages.1.every_epochs` is 'x': input should be a valid integer, "
            "unable to parse string as an integer.",
        ),
    ],
)
def test_one_mistake(change: dict[str, object], message: str) -> None:
    assert refusal_of({**GOOD, **change}) == f"params.yaml: {message}"


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("QWK", "write `quadratic_weighted_kappa`."),
        ("mean_absolute_error", "write `mae`."),
        ("Top-5 accuracy", "write `{kind: top_k_accuracy, k: 5}`."),
        ("map@3", "write `{kind: map_at_k, k: 3}`."),
        ("gini", "write `auc` (gini is 2 auc - 1, and best where it is)."),
        (
            "micro_f1",
            "write `accuracy` (the same where each row has one label) or `multilabel_micro_f1` (of sets).",
        ),
    ],
)
def test_metrics_that_are_another_one_by_its_name_here(name: str, cure: str) -> None:
    with pytest.raises(Refusal, match=re.escape(f"card.yaml: `metric.kind` is {name!r}: {cure}")):
        parse({"kind": name}, Metric, "card.yaml", ("metric",))


def test_no_metric_is_called_as_people_call_another() -> None:
    patterns = [other for metric in METRICS.values() for other in metric.other_names]
    assert not [kind for kind in METRICS for other in patterns if re.fullmatch(other, kind)]


@pytest.mark.parametrize(("name", "meant"), [("AUC", "auc"), ("F1", "macro_f1"), ("map", "map_at_k"), ("MAE", "mae")])
def test_metrics_by_the_names_that_people_use(name: str, meant: str) -> None:
    with pytest.raises(Refusal, match=f"Did you mean `{meant}`"):
        parse({"kind": name}, Metric, "card.yaml")


def test_a_section_that_is_not_one() -> None:
    assert refusal_of([1]) == "params.yaml: `part` is [1]: it must hold keys and values."
    word = refusal_of("none")
    assert word == "params.yaml: `part` is 'none': it must hold keys and values, such as {kind: none}."


def test_every_mistake_has_its_line() -> None:
    assert refusal_of({"rate": "x", "schedule": GOOD["schedule"]}).splitlines() == [
        "params.yaml: `part.rate` is 'x': input should be a valid number, unable to parse string as a number.",
        "params.yaml: `part.stages` is missing.",
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: [1", "is not valid yaml"),
        (b"a: \xff\xfe", "is not valid yaml"),
        (b"- 1\n- 2", "must hold keys and values, found list"),
        (b"a: 1\nb: {c: 1, c: 2}", "duplicate key: c"),
    ],
)
def test_a_file_that_is_no_settings(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "params.yaml"
    path.write_bytes(content)
    with pytest.raises(Refusal, match=message):
        read_yaml(path)


def test_a_missing_file_and_a_missing_section(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    with pytest.raises(Refusal, match=r"does not exist. Restore it"):
        read_yaml(path)
    path.write_text("train: {}\nsplit: {}")
    with pytest.raises(Refusal, match="the key `part` is missing, found train, split"):
        read_section(path, "part", Part)


def test_a_key_of_a_section_is_read_alone(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text("train: {seeds: [3, x], rate: wrong}\nsplit: 5")
    with pytest.raises(Refusal, match=r"params.yaml: `train.seeds.1` is 'x': input should be a valid integer[^\n]*$"):
        read_section(path, "train.seeds", tuple[int, ...])
    assert read_section(path, "train.seeds", tuple[int | str, ...]) == (3, "x")
    with pytest.raises(Refusal, match=r"the key `train.seed` is missing, found seeds, rate\."):
        read_section(path, "train.seed", int)
    with pytest.raises(Refusal, match=r"the key `split.count` is missing, found 5\."):
        read_section(path, "split.count", int)


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        ('a: 1\ntitle: "Dogs\nb: "x{id}"\n', 'Line 2 has an unclosed quote: title: "Dogs'),
        ("a: 1\ntitle: Dogs: big\n", 'Line 2 has a second `: `, .*Quote the text: title: "Dogs: big"'),
        ("a: 1\nlayout\n  b: 2\n", "Line 2 is not a key followed by a colon and a space: layout"),
        ("a: {b: 1\nc: 2\n", "Line 1 has an unclosed bracket"),
        ("a:\n  b: it's\n c: 2\n", "A line is indented differently"),
    ],
)
def test_what_is_not_yaml_is_told_with_its_likely_cause(text: str, cure: str, tmp_path: Path) -> None:
    path = tmp_path / "card.yaml"
    path.write_text(text)
    with pytest.raises(Refusal, match=f"(?s)is not valid yaml: .*\n{cure}"):
        read_yaml(path)
