"""The whole of params.yaml: the truth of one experiment. Only `pipelines` reads it whole."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from foldline.ensembling.clipping import Clip
from foldline.ensembling.ensembling import Ensemble
from foldline.files.places import ALL_ROWS, FoldName
from foldline.files.refusal import listed
from foldline.folds.splitting import Split
from foldline.kaggle.ledger import Submit
from foldline.params.section import Section, parse
from foldline.params.yaml_files import read_yaml
from foldline.pixels.resizing import Prepare
from foldline.predicting.section import Predict
from foldline.training.train_section import Train
from foldline.training.weights import Weights


class Params(Section):
    competition: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*$")]
    """The slug: `pipelines/competitions/<slug>.yaml` is its card."""
    folds: Annotated[tuple[FoldName, ...], Field(min_length=1)]
    """The folds to run, a subset of 0 .. split.count - 1; with `all`, one more model is trained on all rows;
    with `all_head0`, one more that has in the end the head that it had before it learned fold 0's rows."""
    weights: Weights
    prepare: Prepare
    split: Split
    train: Train
    predict: Predict
    ensemble: Ensemble
    clip: Clip
    submit: Submit

    @model_validator(mode="after")
    def _folds_exist(self) -> "Params":
        valid = [*range(self.split.count), *ALL_ROWS]
        if len(set(self.folds)) < len(self.folds) or not set(self.folds) <= set(valid):
            raise ValueError(f"folds is {list(self.folds)}: it takes different ones of {valid} (split.count)")
        if set(self.folds) <= set(ALL_ROWS):
            raise ValueError(
                f"folds is {list(self.folds)}, models without out-of-fold rows: nothing would tell how good they are"
            )
        return self

    @model_validator(mode="after")
    def _own_models_are_whole(self) -> "Params":
        if not self.train.model.has_head and "all_head0" in self.folds:
            raise ValueError("folds has all_head0, but train.model is one's own and has no head apart: leave it out")
        if not self.train.model.has_head and self.weights.kind != "none":
            raise ValueError(
                f"weights.kind is {self.weights.kind}, but train.model is one's own and begins as it is made: set "
                "weights to {kind: none}"
            )
        return self

    @model_validator(mode="after")
    def _all_rows_judge_nothing(self) -> "Params":
        of_all_rows = set(ALL_ROWS).intersection(self.folds)
        if of_all_rows and self.train.keep == "best":
            raise ValueError(
                f"folds has {listed(sorted(of_all_rows))}, which validates no rows to choose an epoch by: set "
                "train.keep to last"
            )
        return self


def read_params(path: Path) -> Params:
    """Raises Refusal with one line per mistake."""
    return parse(read_yaml(path), Params, str(path))
