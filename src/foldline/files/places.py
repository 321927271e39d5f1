"""Where everything of one competition lies, below the repository's root (the stages' working folder)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

AllRows = Literal["all", "all_head0"]
"""Trainings on all rows, which validate none; `all_head0` ends with the head that was learned without fold 0's rows."""
ALL_ROWS: tuple[AllRows, ...] = get_args(AllRows)
FoldName = int | AllRows

CODE = Path("work/code.json")
"""A digest of each stage's code, of no competition in particular: the stage `code` writes it."""
OWN = Path("input/own")
"""The folder of a person's own code, which an experiment names by `kind: python`; a card's lies next to the card."""


CARDS = Path("pipelines/competitions")
"""The folder of the cards, and of the functions of one's own that cards name."""


def card_file(slug: str) -> Path:
    return CARDS / f"{slug}.yaml"


def of_model(fold: FoldName, seed: int) -> Path:
    """What tells the places of an experiment's models apart: each fold is trained once per seed."""
    return Path(f"fold{fold}", f"seed{seed}")


@dataclass(frozen=True)
class Places:
    """Paths of the competition `slug`. `dvc.yaml` names the same files as outs and deps; a test holds them equal."""

    slug: str
    root: Path = Path()

    @property
    def archives(self) -> Path:
        """The folder of the files as Kaggle serves them."""
        return self.root / "input" / self.slug

    @property
    def own_weights(self) -> Path:
        """The folder of pretrained weights that a person puts there; `weights.path` is below it."""
        return self.root / "input" / "weights"

    @property
    def manifest(self) -> Path:
        return self.archives / "manifest.json"

    @property
    def work(self) -> Path:
        return self.root / "work" / self.slug

    @property
    def checked(self) -> Path:
        """Says that parameters and card were valid; its bytes never change."""
        return self.work / "checked.json"

    @property
    def weights(self) -> Path:
        return self.work / "weights.safetensors"

    @property
    def rows(self) -> Path:
        return self.work / "rows.parquet"

    @property
    def images(self) -> Path:
        return self.work / "images.parquet"

    @property
    def unreadable(self) -> Path:
        """A list of pictures for a person to look at: no stage's out, `prepare` writes it even when it refuses."""
        return self.work / "unreadable.csv"

    @property
    def classes(self) -> Path:
        return self.work / "classes.json"

    @property
    def pixels(self) -> Path:
        """The pixel cache's key: small, tracked by DVC."""
        return self.work / "pixels.json"

    @property
    def pixel_caches(self) -> Path:
        """The folder of the caches themselves, one file per key: large, untracked, rebuilt when absent."""
        return self.work / "pixels"

    @property
    def folds(self) -> Path:
        return self.work / "folds.csv"

    @property
    def duplicates(self) -> Path:
        return self.work / "duplicates.csv"

    @property
    def trained_folds(self) -> Path:
        return self.work / "train"

    def trained(self, fold: FoldName, seed: int) -> Path:
        return self.trained_folds / of_model(fold, seed)

    @property
    def checkpoints(self) -> Path:
        """Resume checkpoints, outside of every out: DVC deletes outs before it runs their stage."""
        return self.work / "checkpoints"

    def rate_sweep(self, fold: int, seed: int) -> Path:
        """What `pipelines.lr_find` saw."""
        return self.work / "lr_find" / of_model(fold, seed)

    @property
    def predicted_folds(self) -> Path:
        return self.work / "predict"

    def predicted(self, fold: FoldName, seed: int) -> Path:
        return self.predicted_folds / of_model(fold, seed)

    @property
    def ensemble(self) -> Path:
        return self.work / "ensemble"

    @property
    def clipped(self) -> Path:
        return self.work / "clip"

    @property
    def submission(self) -> Path:
        return self.root / "submissions" / self.slug / "submission.csv"

    @property
    def blend(self) -> Path:
        """Of several runs: no stage's out, in the form of `clipped`."""
        return self.work / "blend"

    @property
    def blend_submission(self) -> Path:
        return self.submission.with_name("blend.csv")

    @property
    def receipt(self) -> Path:
        return self.root / "submissions" / self.slug / "receipt.json"

    @property
    def ledger(self) -> Path:
        """One for all competitions, and no stage's out: nothing that DVC deletes can lose it."""
        return self.root / "submissions" / "ledger.csv"

    @property
    def local_kaggle(self) -> Path:
        """What the embedded Kaggle remembers between runs."""
        return self.root / "work" / "local-kaggle"
