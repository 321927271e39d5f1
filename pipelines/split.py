"""Assign the train rows to folds: stratified by class; groups and near-duplicates never straddle folds.

Reads work/<slug>/rows.parquet, targets.npy, images.parquet, classes.json, pixels.json and the pixel cache (built again
from the archives of input/<slug> when it is absent). Writes work/<slug>/folds.csv, the same on every machine; a train
row without a readable image is not in it. With it training.parquet, the targets that trainings learn, and
duplicates.csv: pairs of images, those of test too, that show the same.
Parameters: split. Card: target.
"""

import numpy as np
import pandas as pd

from foldline.card.description import read_classes
from foldline.card.target import Target
from foldline.files.rows import read_rows, read_targets
from foldline.folds.assignment import count_by_fold, learnable_images, make_folds
from foldline.folds.duplicates import near_duplicate_pairs
from foldline.folds.duplicates_table import describe_findings, list_duplicates, write_duplicates
from foldline.folds.folds_table import write_folds
from foldline.folds.splitting import Split
from foldline.folds.training_table import graded_entries, write_training_table
from foldline.pixels.cache import read_images
from pipelines.answers import Answer
from pipelines.pixels import open_cache
from pipelines.running import parser, read_settings, run


def main() -> Answer:
    parser(__doc__).parse_args()
    settings = read_settings()
    places = settings.places
    split, target = settings.section("split", Split), settings.fact("target", Target)
    rows, images, classes = read_rows(places.rows), read_images(places.images), read_classes(places.classes)
    learnable = learnable_images(rows, images)
    pairs = pd.DataFrame({"first": [], "second": [], "difference": []}, dtype="int64")
    if split.near_duplicates == "same_fold":
        pairs = near_duplicate_pairs(images, open_cache(places))
    targets, kept = read_targets(places.targets, rows, classes), np.unique(learnable["row"])
    strata = target.strata(targets[kept], classes)
    folds = make_folds(rows, strata, learnable, pairs, split)
    duplicates = list_duplicates(rows, target.shown(targets, classes), images, pairs)
    write_folds(places.folds, folds)
    write_training_table(places.training, graded_entries(kept, targets, len(classes)))
    write_duplicates(places.duplicates, duplicates)
    clusters = folds["cluster"].nunique()
    print(f"{places.folds}: {len(folds)} rows in {clusters} clusters")
    print(f"{places.duplicates}: {describe_findings(duplicates)}")
    print(count_by_fold(folds, strata, rows["group"].iloc[kept]).to_string())
    return {"folds": places.folds, "rows": len(folds), "clusters": clusters, "duplicate_pairs": len(duplicates)}


if __name__ == "__main__":
    run(main)
