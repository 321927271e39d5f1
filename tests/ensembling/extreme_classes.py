"""The stages `ensemble`, `clip` and `format`'s writing on 12,000 classes: no dense row, and less memory than one dense
array takes.

MALLOC_ARENA_MAX=1 python -m tests.ensembling.extreme_classes FOLDER    (in a process of its own: it limits its memory)
"""

import json
import os
import resource
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from scipy.special import log_softmax

from foldline.card.forms.form import Sample
from foldline.card.submission import Submission
from foldline.card.target import Target
from foldline.competition.submission_file import write_submission
from foldline.ensembling import intervals, row_sources
from foldline.ensembling.predictions import read_predictions
from foldline.files.arrays import put, row_blocks
from foldline.files.compact import CompactArray
from foldline.files.places import Places
from foldline.files.rows import write_rows, write_targets
from foldline.folds.folds_table import write_folds
from foldline.metrics.decisions.rules import read_rule
from foldline.params.section import read_section
from foldline.predicting.logits import create_logits
from foldline.training.history import COLUMNS as HISTORY
from foldline.training.history import write_history
from pipelines import clip, ensemble
from tests.classes import write_classes
from tests.words import SOFTMAX

CLASSES, ROWS, TEST_ROWS, FOLDS, SEEDS, VIEWS = 12_000, 5000, 1000, 2, 2, ("identity", "horizontal_flip")
DENSE_BYTES = ROWS * CLASSES * 4
NAMES = tuple(f"species-{number:05d}" for number in range(CLASSES))
PLACES = Places("plants")
RANKING = {"kind": "ranking", "length": 5}
LOG_LOSS, MAP = {"kind": "log_loss"}, {"kind": "map_at_k", "k": 5}
PLAIN = {
    "views": "all",
    "average": "probabilities",
    "method": {"kind": "equal"},
    "temperature": {"kind": "none"},
    "bounds": {"kind": "none"},
    "seeds": 1,
}
ALL_STEPS = {
    "views": "chosen",
    "average": "logits",
    "method": {"kind": "hill_climbing", "rounds": 4},
    "temperature": {"kind": "fitted", "softening": "kept"},
    "bounds": {"kind": "fitted"},
    "seeds": SEEDS,
}
RUNS = {
    "log_loss": (LOG_LOSS, RANKING, PLAIN),
    "log_loss_of_all_steps": (LOG_LOSS, RANKING, ALL_STEPS),
    "macro_f1": ({"kind": "macro_f1"}, {"kind": "label"}, PLAIN),
    "map_at_5_greedy": (MAP, RANKING, ALL_STEPS),
    "map_at_5": (MAP, RANKING, PLAIN),
}
FITTING_ROWS = 1000
"""Here as small a share of the rows as of millions."""


def main() -> None:
    os.chdir(sys.argv[1])
    sys.argv = ["stage"]
    targets = np.random.default_rng(0).integers(0, CLASSES, ROWS)
    write_competition(targets)
    row_sources.MOST_ROWS = FITTING_ROWS
    limit_memory(DENSE_BYTES * 9 // 10)
    results = {"dense": fits_a_dense_array(), "exact": write_predictions(targets), "stages": {}}
    CompactArray.__getitem__ = refuse_dense_rows  # type: ignore[method-assign]
    for name, (metric, form, steps) in RUNS.items():
        write_card(metric, form)
        write_params(**steps)
        ensemble.main()
        clip.main()
        submit()
        results["stages"][name] = json.loads((PLACES.clipped / "metrics.json").read_text())["score"]
    Path("results.json").write_text(json.dumps(results))


def refuse_dense_rows(values: CompactArray, index: object) -> np.ndarray:
    raise AssertionError("not even one row is to be as wide as there are classes")


def limit_memory(more_bytes: int) -> None:
    """From here on, this process may map `more_bytes` more than it has: files count."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + more_bytes
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def fits_a_dense_array() -> bool:
    try:
        return np.ones((ROWS, CLASSES), np.float32).all().item()
    except MemoryError:
        return False


def write_competition(targets: np.ndarray) -> None:
    ids = [f"{row:05d}" for row in range(ROWS)]
    train = pd.DataFrame({"part": "train", "row_id": ids, "group": None})
    test = pd.DataFrame({"part": "test", "row_id": ids[:TEST_ROWS], "group": None})
    write_rows(PLACES.rows, pd.concat([train, test], ignore_index=True))
    write_targets(PLACES.targets, targets)
    write_classes(PLACES.classes, NAMES)
    fold_of_row = np.arange(ROWS) % FOLDS
    write_folds(PLACES.folds, pd.DataFrame({"row_id": ids, "fold": fold_of_row, "cluster": np.arange(ROWS)}))
    for fold in range(FOLDS):
        history = pd.DataFrame([np.ones(len(HISTORY))], columns=list(HISTORY))
        for seed in range(SEEDS):
            write_history(PLACES.trained(fold, seed) / "history.csv", history)


def write_params(seeds: int, bounds: dict[str, str], **ensembling: object) -> None:
    params = {
        "competition": "plants",
        "folds": list(range(FOLDS)),
        "train": {"seeds": list(range(seeds))},
        "ensemble": ensembling,
        "clip": {"bounds": bounds, "rule": "default"},
    }
    Path("params.yaml").write_text(yaml.safe_dump(params))


def write_predictions(targets: np.ndarray) -> dict[str, float]:
    """Each model's logits as `predict` writes them, block by block; returns what the first seed's exact mean of views
    scores."""
    losses, places = [], []
    for fold, seed in product(range(FOLDS), range(SEEDS)):
        PLACES.predicted(fold, seed).mkdir(parents=True)
        mine = np.flatnonzero(np.arange(ROWS) % FOLDS == fold)
        ids = [[f"{row:05d}" for row in rows] for rows in (mine, range(TEST_ROWS))]
        logits = create_logits(PLACES.predicted(fold, seed), *ids, VIEWS, NAMES, SOFTMAX)
        for block, rows in drawn(targets[mine], seed=fold + 100 * seed):
            put(logits.validation, block, rows)
            if seed:
                continue
            mean = np.exp(log_softmax(rows.astype(np.float64), axis=-1)).mean(axis=1)
            of_target = mean[np.arange(len(rows)), targets[mine][block]]
            losses.append(-np.log(of_target))
            places.append((mean > of_target[:, None]).sum(axis=1) + 1)
        for block, rows in drawn(targets[:TEST_ROWS], seed=9):
            put(logits.test, block, rows)
    place = np.concatenate(places)
    return {"log_loss": float(np.concatenate(losses).mean()), "map_at_5": float(((place <= 5) / place).mean())}


def drawn(targets: np.ndarray, seed: int) -> Iterator[tuple[slice, np.ndarray]]:
    """Logits of a model that often knows the class, and at times has it far down."""
    generator = np.random.default_rng(seed)
    for block in row_blocks((len(targets), len(VIEWS), CLASSES)):
        count = block.stop - block.start
        rows = generator.normal(size=(count, len(VIEWS), CLASSES)).astype(np.float32) * 2
        rows[np.arange(count), :, targets[block]] += generator.uniform(0, 14, (count, 1)).astype(np.float32)
        yield block, rows


def write_card(metric: dict, form: dict) -> None:
    facts = {
        "metric": metric,
        "target": {"kind": "multiclass", "column": "species", "group": None},
        "submission": form | {"sample": "sample.csv", "id": "id", "extra_columns": "ignored"},
    }
    card = Path("pipelines/competitions/plants.yaml")
    card.parent.mkdir(parents=True, exist_ok=True)
    card.write_text(yaml.safe_dump(facts))


def submit() -> None:
    card = Path("pipelines/competitions/plants.yaml")
    predictions, rule = read_predictions(PLACES.clipped), read_rule(PLACES.clipped / "rule.json")
    sample = Sample(("id", "species"), pd.Series(predictions.test_ids), integers=False)
    target, form = read_section(card, "target", Target), read_section(card, "submission", Submission)
    write_submission(Path("submission.csv"), sample, predictions, rule, form, target)


if __name__ == "__main__":
    intervals.DRAWS = 100  # as in all tests
    main()
