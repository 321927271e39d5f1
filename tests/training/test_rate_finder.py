"""The finder leaves no trace, measures what it says, and draws it."""

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from accelerate import Accelerator

from foldline.files.refusal import Refusal
from foldline.training.batches import Batch
from foldline.training.loop import TrainingSetup
from foldline.training.rate_finder import (
    COLUMNS,
    Sweep,
    find_rates,
    has_diverged,
    sweep_fold,
    validation_batches,
    write_sweep,
)
from foldline.training.training_setup import build_training, fold_objective, training_batches
from tests.training.small import MODEL, small_fold, train_section

CONFIG = train_section(average={"kind": "none"})
CPU = torch.device("cpu")
OBJECTIVE = fold_objective(small_fold(), CONFIG.loss)


def sweep_with(setup: TrainingSetup, sweep: Sweep) -> pd.DataFrame:
    fold, accelerator = small_fold(), Accelerator(cpu=True)
    return find_rates(setup, training_batches(fold, CONFIG, accelerator), validation(), sweep, accelerator)


def validation() -> Iterator[Batch]:
    return validation_batches(small_fold(), 8, OBJECTIVE, CPU)


def everything(setup: TrainingSetup) -> dict[str, Any]:
    """Weights and statistics, the optimiser, the modes, the gradients, the random states.

    Not Python's: beartype, which checks shapes in these tests, draws from it.
    """
    return {
        "model": {name: tensor.clone() for name, tensor in setup.model.state_dict().items()},
        "rates": [group["lr"] for group in setup.optimizer.param_groups],
        "moments": deepcopy(setup.optimizer.state_dict()["state"]),
        "modes": [module.training for module in setup.model.modules()],
        "gradients": [parameter.grad for parameter in setup.model.parameters()],
        "torch": torch.get_rng_state(),
        "numpy": np.random.get_state()[1].tolist(),  # type: ignore[index]
    }


def same(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def test_leaves_no_trace_even_in_the_middle_of_a_training() -> None:
    setup = build_training(small_fold(), CONFIG, 4, CPU)
    images = torch.randint(0, 255, (4, 1, 16, 16), dtype=torch.uint8)
    setup.model(images).sum().backward()
    setup.optimizer.step()
    setup.optimizer.zero_grad()
    before = everything(setup)
    assert len(sweep_with(setup, Sweep(1e-4, 1e-1, 12, 0.9))) == 12
    after = everything(setup)
    assert [part for part in before if not same(after[part], before[part])] == []


def test_rates_grow_exponentially_from_the_first_to_the_last() -> None:
    lines = sweep_with(build_training(small_fold(), CONFIG, 4, CPU), Sweep(1e-7, 1e-3, 9, 0.9))
    assert tuple(lines.columns) == COLUMNS
    assert lines["learning_rate"].to_numpy() == pytest.approx(10 ** np.linspace(-7, -3, 9))
    assert lines["step"].tolist() == list(range(1, 10))


def test_at_a_rate_of_nothing_each_step_measures_the_next_validation_batch() -> None:
    """A model without BatchNorm does not move: its losses are those of the batches in their order, in eval mode."""
    config = train_section(
        average={"kind": "none"},
        model=MODEL | {"name": "test_vit", "drop_rate": 0.5},
    )
    setup = build_training(small_fold(), config, 4, CPU)
    lines = sweep_with(setup, Sweep(1e-30, 2e-30, 5, 0.0))
    setup.model.eval()
    expected = [
        setup.judged_by.loss(setup.model(batch.images), batch.targets).mean().item()
        for batch, _ in zip(validation(), range(5), strict=False)
    ]
    assert lines["validation_loss"].to_numpy() == pytest.approx(expected, rel=1e-5)
    assert lines["smoothed_validation_loss"].tolist() == lines["validation_loss"].tolist()
    assert expected[0] == pytest.approx(expected[2], rel=1e-5)  # 15 rows in batches of 8 and 7: the third is the first
    assert expected[0] != pytest.approx(expected[1], rel=1e-5)


def test_what_is_frozen_in_the_first_epoch_does_not_learn() -> None:
    """As if the backbone's rate were nothing."""
    rates = {"kind": "layer_decay", "head": 0.003, "layer_decay": 1.0, "groups": "stages"}
    gradual = {"kind": "gradual", "head_epochs": 1, "stage_epochs": 0, "batchnorm": "train"}
    frozen = {"freezing": gradual, "learning_rates": rates | {"backbone": 0.003}}
    still = {"learning_rates": rates | {"backbone": 1e-30}}
    lines = []
    for changes in (frozen, still, {"learning_rates": rates | {"backbone": 0.003}}):
        config = train_section(average={"kind": "none"}, clipping={"kind": "none"}, **changes)
        lines.append(sweep_with(build_training(small_fold(), config, 4, CPU), Sweep(1e-3, 1e-1, 5, 0.0)))
    assert lines[0].to_numpy() == pytest.approx(lines[1].to_numpy(), rel=1e-5)
    assert lines[0].to_numpy() != pytest.approx(lines[2].to_numpy(), rel=1e-2)


def test_stops_when_it_diverges() -> None:
    lines = sweep_with(build_training(small_fold(), CONFIG, 4, CPU), Sweep(1e-3, 1e6, 60, 0.5))
    assert len(lines) < 60
    losses = lines["smoothed_train_loss"].to_numpy()
    assert has_diverged(losses)
    assert not any(has_diverged(losses[:steps]) for steps in range(1, len(losses)))


def test_writes_a_table_and_a_chart(tmp_path: Path) -> None:
    lines = sweep_fold(small_fold(), CONFIG, Sweep(1e-5, 1e-1, 20, 0.9), Accelerator(cpu=True))
    suggestions = write_sweep(tmp_path / "sweep", lines)
    assert set(suggestions) == {"training", "validation"}
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "sweep" / "rates.csv"), lines)
    assert (tmp_path / "sweep" / "rates.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("sweep", [Sweep(1.0, 0.1, 9, 0.9), Sweep(0.1, 1.0, 1, 0.9), Sweep(0.1, 1.0, 9, 1.0)])
def test_refuses_what_is_no_sweep(sweep: Sweep) -> None:
    with pytest.raises(Refusal, match="no sweep goes from"):
        sweep_fold(small_fold(), CONFIG, sweep, Accelerator(cpu=True))
