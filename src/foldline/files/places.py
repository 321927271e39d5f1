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


class Places:
    """Paths of the competition `slug`. `dvc.yaml` names the same files as outs and deps; a test holds them equal."""

    def __init__(self, slug: str, root: Path = Path()) -> None:
        self.slug, self.root = checked_slug(slug), root
        self.archives = root / "input" / slug
        """The folder of the files as Kaggle serves them."""
        self.own_weights = root / "input" / "weights"
        """The folder of pretrained weights that a person puts there; `weights.path` is below it."""
        self.manifest = self.archives / "manifest.json"
        self.work = root / "work" / slug
        self.checked = self.work / "checked.json"
        """Says that parameters and card were valid; its bytes never change."""
        self.weights = self.work / "weights.safetensors"
        self.dry_run = self.work / "dry_run.json"
        """Says that what params.yaml asks for can be trained; its bytes never change."""
        self.rows = self.work / "rows.parquet"
        self.images = self.work / "images.parquet"
        self.unreadable = self.work / "unreadable.csv"
        """A list of images for a person to look at: no stage's out, `prepare` writes it even when it refuses."""
        self.classes = self.work / "classes.json"
        self.targets = self.work / "targets.npy"
        """Of the train rows, as they are graded."""
        self.pixels = self.work / "pixels.json"
        """The pixel cache's key: small, tracked by DVC."""
        self.pixel_caches = self.work / "pixels"
        """The folder of the caches themselves, one file per key: large, untracked, rebuilt when absent."""
        self.folds = self.work / "folds.csv"
        self.duplicates = self.work / "duplicates.csv"
        self.training = self.work / "training.parquet"
        """What trainings learn from: rows, soft targets, weights."""
        self.trained_folds = self.work / "train"
        self.checkpoints = self.work / "checkpoints"
        """Resume checkpoints, outside of every out: DVC deletes outs before it runs their stage."""
        self.logs = self.work / "logs"
        """What trainings of `foldline train` printed."""
        self.studies = self.work / "studies"
        """A folder per study: cells, their results, a page."""
        self.features = self.work / "features"
        """Of `foldline features`: a folder per model, of no stage."""
        self.predicted_folds = self.work / "predict"
        self.ensemble = self.work / "ensemble"
        self.score = self.work / "score.json"
        """What one compares experiments by: the score first."""
        self.clipped = self.work / "clip"
        self.submission = root / "submissions" / slug / "submission.csv"
        self.blend = self.work / "blend"
        """Of several runs: no stage's out, in the form of `clipped`."""
        self.blend_submission = self.submission.with_name("blend.csv")
        self.receipt = root / "submissions" / slug / "receipt.json"
        self.ledger = root / LEDGER
        self.local_kaggle = root / "work" / "local-kaggle"
        """What the embedded Kaggle remembers between runs."""

    @property
    def report(self) -> Path:
        """The page of `foldline report`: no stage's out, since it shows the leaderboard and the uploads."""
        return self.work / "report.html"

    @property
    def preview(self) -> Path:
        """What to look at before training; of no stage, as is the doctor's page."""
        return self.work / "preview.html"

    @property
    def examination(self) -> Path:
        return self.work / "doctor.html"

    @property
    def runs(self) -> Path:
        """A folder per finished run, of no stage: each is a small checkout of its own."""
        return self.work / "runs"

    @property
    def compared(self) -> Path:
        """The folder of what `foldline compare` said of pairs of runs."""
        return self.work / "compared"

    @property
    def notebook(self) -> Path:
        """The folder of `foldline notebook`: no stage's out."""
        return self.work / "notebook"

    @property
    def bundle(self) -> Path:
        """The folder of `foldline bundle`: no stage's out, and flat, as Kaggle's datasets are."""
        return self.work / "bundle"

    @property
    def proof(self) -> Path:
        """What `foldline bundle --prove` has seen: of the bundle, and so not in it."""
        return self.work / "proof.json"

    @property
    def pretext(self) -> Path:
        """The trajectory of the one backbone that all folds begin with, or a marker."""
        return self.work / "pretext" / "trained"

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

    @property
    def trackers(self) -> Path:
        """What those of the section `trackers` keep on this machine: no stage's out."""
        return self.work / "trackers"

    def predicted(self, fold: FoldName, seed: int) -> Path:
        return self.predicted_folds / of_model(fold, seed)
