"""Which images a pretext learns from, and which its probes are fitted and judged on: for fold k, none of fold k's."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Int64, Integer
from scipy.sparse import csr_array

from foldline.files.places import FoldName
from foldline.files.refusal import Refusal, counted
from foldline.files.rows import positions_of
from foldline.folds.training_table import graded_entries, soft_targets
from foldline.training.fold_samples import Samples, split_samples
from foldline.training.pretext_kind import LearnedPretext


@dataclass(frozen=True)
class Tables:
    rows: pd.DataFrame
    images: pd.DataFrame
    folds: pd.DataFrame

    def outside(self, fold: FoldName) -> Samples:
        """Readable images of the train rows outside of `fold`, without targets. Raises what `split_samples` raises."""
        train = np.arange(int((self.rows["part"] == "train").sum()))
        none = np.zeros(len(train), np.int64)
        table = graded_entries(train, none, classes=1)
        return split_samples(self.rows, self.images, self.folds, soft_targets(none, 1), table, fold)[0]

    def of(self, column: str, samples: Samples) -> Int64[np.ndarray, " samples"]:
        """A column of folds.csv."""
        return self.folds.set_index("row_id")[column].loc[list(samples.row_ids)].to_numpy(np.int64)

    def test(self) -> Samples:
        """Readable images of the test rows."""
        readable = self.images[self.images["error"].isna()]
        found = readable[(self.rows["part"] == "test").to_numpy()[readable["row"]]]
        return _unlabelled(found["cache_index"].to_numpy(), self.rows["row_id"].iloc[found["row"]].tolist())


def pretext_samples(tables: Tables, fold: FoldName, pretext: LearnedPretext) -> tuple[Samples, Samples]:
    """What is learned from, and what is held out of it: whole clusters, drawn by the seed among the rows outside of
    `fold`."""
    known = tables.outside(fold)
    cluster = tables.of("cluster", known)
    clusters = np.unique(cluster)
    count = round(pretext.validation_fraction * len(clusters))
    is_held = np.isin(cluster, np.random.default_rng(pretext.seed).permutation(clusters)[:count])
    training, validation = (known.at(np.flatnonzero(part)) for part in (~is_held, is_held))
    others = [tables.test()] if pretext.images == "train_and_test" else []
    return _joined([training, *others]), _joined([validation])


def _joined(parts: list[Samples]) -> Samples:
    indices = np.concatenate([part.cache_indices for part in parts])
    return _unlabelled(indices, [name for part in parts for name in part.row_ids])


def _unlabelled(cache_indices: Integer[np.ndarray, " samples"], row_ids: list[str]) -> Samples:
    count = len(cache_indices)
    return Samples(cache_indices, csr_array((count, 1), dtype=np.float32), np.ones(count, np.float32), tuple(row_ids))


@dataclass(frozen=True)
class Probed:
    """Images with their rows' classes."""

    cache_indices: Integer[np.ndarray, " images"]
    labels: Int64[np.ndarray, " images"]


def probed_images(
    tables: Tables, targets: Int64[np.ndarray, " rows"], fold: FoldName, pretext: LearnedPretext
) -> tuple[Probed, Probed]:
    """What the probes of `fold` are fitted and judged on: the next fold judges, all others but `fold` are fitted.

    targets: of all train rows. Raises Refusal where one of the two has a single class.
    """
    known = tables.outside(fold)
    its_fold, labels = tables.of("fold", known), targets[positions_of(tables.rows, known.row_ids)]
    judging = (fold + 1) % (int(tables.folds["fold"].max()) + 1) if isinstance(fold, int) else 0
    generator = np.random.default_rng(pretext.seed)
    parts = []
    for where, part in {"to fit": its_fold != judging, f"of fold {judging}, to judge": its_fold == judging}.items():
        drawn = np.sort(generator.permutation(np.flatnonzero(part))[: pretext.probes.most_images])
        if len(classes := np.unique(labels[drawn])) < 2:
            raise Refusal(
                f"pretext.probes: for fold {fold}, the {counted(len(drawn), 'image', 'images')} {where} have "
                f"{counted(len(classes), 'class', 'classes')}, and a probe tells classes apart. Raise "
                "pretext.probes.most_images, split into fewer folds (split.count), or set pretext to {kind: none}."
            )
        parts.append(Probed(known.cache_indices[drawn], labels[drawn]))
    return parts[0], parts[1]
