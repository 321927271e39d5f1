"""Where everything of one competition lies, below the repository's root (the stages' working folder)."""

import re
from pathlib import Path
from typing import Literal, get_args

from foldline.files.refusal import Refusal, shortened

AllRows = Literal["all", "all_head0"]
"""Trainings on all rows, which validate none; `all_head0` ends with the head that was learned without fold 0's rows."""
ALL_ROWS: tuple[AllRows, ...] = get_args(AllRows)
FoldName = int | AllRows

CODE = Path("work/code.json")
"""A digest of each stage's code, of no competition in particular: the stage `code` writes it."""
OWN = Path("input/own")
"""The folder of a person's own code, which an experiment names by `kind: python`; a card's lies next to the card."""


CARDS = Path("pipelines/competitions")
"""The folder of the cards, and of users' own functions that cards name."""


def card_file(slug: str) -> Path:
    """Raises Refusal for what is no slug."""
    return CARDS / f"{checked_slug(slug)}.yaml"


def of_model(fold: FoldName, seed: int) -> Path:
    """What tells the places of an experiment's models apart: each fold is trained once per seed."""
    return Path(f"fold{fold}", f"seed{seed}")


LEDGER = Path("submissions/ledger.csv")
"""One for all competitions, and no stage's out: nothing that DVC deletes can lose it."""
SLUG = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$"


def checked_slug(text: str) -> str:
    """`text`, as a competition's name in paths. Raises Refusal for what could lead elsewhere."""
    if re.fullmatch(SLUG, text) is None:
        raise Refusal(
            f"{shortened(text, 100)!r} is not a competition's slug, which is the end of its address on kaggle.com: up "
            "to 100 letters, digits, hyphens, underscores and dots."
        )
    return text


class Place:
    """A path below the root."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __get__(self, places: "Places", kind: type) -> Path:
        return places.root / self.path.format(slug=places.slug)


class Places:
    """Paths of the competition `slug`. `dvc.yaml` names the same files as outs and deps; a test holds them equal."""

    def __init__(self, slug: str, root: Path = Path()) -> None:
        self.slug, self.root = checked_slug(slug), root

    archives = Place("input/{slug}")
    """The folder of the files as Kaggle serves them."""
    own_weights = Place("input/weights")
    """The folder of pretrained weights that a person puts there; `weights.path` is below it."""
    manifest = Place("input/{slug}/manifest.json")
    work = Place("work/{slug}")
    checked = Place("work/{slug}/checked.json")
    """Says that parameters and card were valid; its bytes never change."""
    weights = Place("work/{slug}/weights.safetensors")
    dry_run = Place("work/{slug}/dry_run.json")
    """Says that what params.yaml asks for can be trained; its bytes never change."""
    rows = Place("work/{slug}/rows.parquet")
    images = Place("work/{slug}/images.parquet")
    unreadable = Place("work/{slug}/unreadable.csv")
    """A list of images for a person to look at: no stage's out, `prepare` writes it even when it refuses."""
    classes = Place("work/{slug}/classes.json")
    targets = Place("work/{slug}/targets.npy")
    """Of the train rows, as they are graded."""
    pixels = Place("work/{slug}/pixels.json")
    """The pixel cache's key: small, tracked by DVC."""
    pixel_caches = Place("work/{slug}/pixels")
    """The folder of the caches themselves, one file per key: large, untracked, rebuilt when absent."""
    folds = Place("work/{slug}/folds.csv")
    duplicates = Place("work/{slug}/duplicates.csv")
    training = Place("work/{slug}/training.parquet")
    """What trainings learn from: rows, soft targets, weights."""
    pretext = Place("work/{slug}/pretext/trained")
    """The trajectory of the one backbone that all folds begin with, or a marker."""
    trained_folds = Place("work/{slug}/train")
    checkpoints = Place("work/{slug}/checkpoints")
    """Resume checkpoints, outside of every out: DVC deletes outs before it runs their stage."""
    logs = Place("work/{slug}/logs")
    """What trainings of `foldline train` printed."""
    trackers = Place("work/{slug}/trackers")
    """What those of the section `trackers` keep on this machine: no stage's out."""
    studies = Place("work/{slug}/studies")
    """A folder per study: cells, their results, a page."""
    features = Place("work/{slug}/features")
    """Of `foldline features`: a folder per model, of no stage."""
    predicted_folds = Place("work/{slug}/predict")
    ensemble = Place("work/{slug}/ensemble")
    score = Place("work/{slug}/score.json")
    """What one compares experiments by: the score first."""
    clipped = Place("work/{slug}/clip")
    submission = Place("submissions/{slug}/submission.csv")
    blend = Place("work/{slug}/blend")
    """Of several runs: no stage's out, in the form of `clipped`."""
    blend_submission = Place("submissions/{slug}/blend.csv")
    receipt = Place("submissions/{slug}/receipt.json")
    ledger = Place(f"{LEDGER}")
    local_kaggle = Place("work/local-kaggle")
    """What the embedded Kaggle remembers between runs."""
    report = Place("work/{slug}/report.html")
    """The page of `foldline report`: no stage's out, since it shows the leaderboard and the uploads."""
    preview = Place("work/{slug}/preview.html")
    """What to look at before training; of no stage, as is the doctor's page."""
    examination = Place("work/{slug}/doctor.html")
    runs = Place("work/{slug}/runs")
    """A folder per finished run, of no stage: each is a small checkout of its own."""
    compared = Place("work/{slug}/compared")
    """The folder of what `foldline compare` said of pairs of runs."""
    notebook = Place("work/{slug}/notebook")
    """The folder of `foldline notebook`: no stage's out."""
    bundle = Place("work/{slug}/bundle")
    """The folder of `foldline bundle`: no stage's out, and flat, as Kaggle's datasets are."""
    proof = Place("work/{slug}/proof.json")
    """What `foldline bundle --prove` has seen: of the bundle, and so not in it."""

    def pretext_choice(self, fold: FoldName) -> Path:
        """What trainings of a fold begin with, or a marker."""
        return self.pretext.with_name(f"fold{fold}")

    def trained(self, fold: FoldName, seed: int) -> Path:
        return self.trained_folds / of_model(fold, seed)

    def rate_sweep(self, fold: int, seed: int) -> Path:
        """What `pipelines.lr_find` saw."""
        return self.work / "lr_find" / of_model(fold, seed)

    def phases(self, fold: FoldName, seed: int) -> Path:
        """The folder of the models of the phases that `train.phases` says to keep: no stage's out."""
        return self.work / "phases" / of_model(fold, seed)

    def predicted(self, fold: FoldName, seed: int) -> Path:
        return self.predicted_folds / of_model(fold, seed)
