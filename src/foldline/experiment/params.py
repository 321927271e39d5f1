"""The whole of params.yaml: the truth of one experiment. Only `pipelines` reads it whole."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from foldline.ensembling.clipping import Clip
from foldline.ensembling.ensembling import Ensemble
from foldline.files.places import ALL_ROWS, SLUG, FoldName
from foldline.files.refusal import listed
from foldline.folds.splitting import Split
from foldline.kaggle.ledger import Submit
from foldline.params.section import Section, parse
from foldline.params.yaml_files import read_yaml
from foldline.pixels.resizing import Prepare
from foldline.predicting.predicted_rows import Predict
from foldline.training.pretext import Pretexts
from foldline.training.trackers import Trackers
from foldline.training.train_section import Train
from foldline.training.weights import Weights


class Params(Section):
    competition: Annotated[str, Field(pattern=SLUG)]
    """The slug: `pipelines/competitions/<slug>.yaml` is its card."""
    folds: Annotated[tuple[FoldName, ...], Field(min_length=1)]
    """The folds to run, a subset of 0 .. split.count - 1; with `all`, one more model is trained on all rows;
    with `all_head0`, one more that has in the end the head that it had before it learned fold 0's rows."""
    weights: Weights
    prepare: Prepare
    split: Split
    pretext: Pretexts
    train: Train
    predict: Predict
    ensemble: Ensemble
    clip: Clip
    submit: Submit
    trackers: Trackers

    @model_validator(mode="after")
    def _no_contradictions(self) -> "Params":
        contradictions = list(self._contradictions())
        if contradictions:
            raise ValueError("; ".join(contradictions))
        return self

    def _contradictions(self) -> Iterator[str]:
        valid, model = [*range(self.split.count), *ALL_ROWS], self.train.model
        of_all_rows = sorted(set(ALL_ROWS).intersection(self.folds))
        if len(set(self.folds)) < len(self.folds) or not set(self.folds) <= set(valid):
            yield f"folds: {list(self.folds)} is invalid; choose from {listed(valid, 30)}, each once (split.count)"
        elif len(of_all_rows) == len(self.folds):
            yield f"folds: {list(self.folds)} has no fold with validation rows, which tell how good models are"
        if of_all_rows and any(phase.keep == "best" for phase in self.train.in_phases):
            keys = "train.keep, and that of each phase," if self.train.phases else "train.keep"
            yield f"folds has {listed(of_all_rows)}, without rows to choose an epoch by: set {keys} to last"
        if not model.has_head and "all_head0" in self.folds:
            yield "folds has all_head0, but train.model is your own and has no separate head: leave all_head0 out"
        sides = self.prepare.height_pixels, self.prepare.width_pixels
        yield from self.pretext.contradictions(*sides, self.split.count, model)
        if not model.has_head and self.weights.kind != "none":
            yield (
                f"weights.kind is {self.weights.kind}, but train.model is your own and starts as your code makes it: "
                "set weights to {kind: none}"
            )


def read_params(path: Path) -> Params:
    """Raises Refusal with one line per mistake."""
    return parse(read_yaml(path), Params, str(path))
