"""Near-duplicate images side by side with their labels: those that contradict each other first, then leaks."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from foldline.archive.addresses import shown_address
from foldline.files.refusal import Refusal
from foldline.folds.duplicates_table import describe_findings
from foldline.report.page import Figure, Galleries, Gallery, Part, Section, Words
from foldline.report.pictures import Pictures

MOST_PAIRS = 18
MEANINGS: Mapping[str, str] = {
    "conflict": "of one image under different labels: some are wrong, or the image shows both",
    "train and test": "across train and test, a leak: of the test image the answer is known",
    "same": "within train or within test; those of train share a fold",
}
"""Of each finding of duplicates.csv, in the order of the page."""


def near_duplicates(duplicates: pd.DataFrame, images: pd.DataFrame, pictures: Pictures, elsewhere: str = "") -> Section:
    """duplicates: as duplicates.csv has them. elsewhere: a sentence, where all of them are listed."""
    index_of = images.drop_duplicates("path").set_index("path")["cache_index"].to_dict()
    body: list[Part] = []
    for finding, meaning in MEANINGS.items():
        found = duplicates[duplicates["finding"] == finding]
        if len(found):
            rest = f" Shown are {MOST_PAIRS}.{elsewhere}" if len(found) > MOST_PAIRS else ""
            body.append(Words(f"{len(found):,} {'pair' if len(found) == 1 else 'pairs'} {meaning}.{rest}"))
            body.append(
                Galleries([_pair(pair, index_of, pictures) for pair in found.head(MOST_PAIRS).to_dict("records")])
            )
    title = describe_findings(duplicates) if len(duplicates) else "No near-duplicate images"
    return Section("near-duplicates", title, "", body)


def _pair(pair: Mapping[Any, Any], index_of: Mapping[Any, int], pictures: Pictures) -> Gallery:
    figures = []
    for which in ("first", "second"):
        path, said = pair[f"{which}_path"], label(pair, which)
        if path not in index_of:
            raise Refusal(f"duplicates.csv names the image {path}, which images.parquet lacks. Run `dvc repro split`.")
        figures.append(Figure(pictures.of(index_of[path]), f"{said}, {path}", [said, shown_address(path)]))
    labels = [figure.lines[0] for figure in figures]
    return Gallery(figures, f"{' or '.join(labels)}?" if pair["finding"] == "conflict" else "")


def label(pair: Mapping[Any, Any], which: str) -> str:
    """What is known of one of the two: its label, or that it is of the test set."""
    part, target = pair[f"{which}_part"], pair[f"{which}_target"]
    return target if part == "train" and isinstance(target, str) else part
