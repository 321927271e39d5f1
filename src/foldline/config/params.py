"""The whole of params.yaml: the truth of one experiment. Only `pipelines` reads it whole."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from foldline.config.clip import Clip
from foldline.config.ensemble import Ensemble
from foldline.config.predict import Predict
from foldline.config.prepare import Prepare
from foldline.config.section import Section, parse, read_yaml
from foldline.config.split import Split
from foldline.config.submit import Submit
from foldline.config.train import Train
from foldline.config.weights import Weights
from foldline.places import FoldName


class Params(Section):
    competition: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    """The slug: `pipelines/competitions/<slug>.yaml` is its card."""
    folds: Annotated[tuple[FoldName, ...], Field(min_length=1)]
    """The folds to run, a subset of 0 .. split.count - 1; with `all`, one more model is trained on all rows."""
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
        valid = [*range(self.split.count), "all"]
        if len(set(self.folds)) < len(self.folds) or not set(self.folds) <= set(valid):
            raise ValueError(f"folds is {list(self.folds)}: it takes different ones of {valid} (split.count)")
        if set(self.folds) == {"all"}:
            raise ValueError("folds is ['all'], a model without out-of-fold rows: nothing would tell how good it is")
        return self

    @model_validator(mode="after")
    def _all_rows_judge_nothing(self) -> "Params":
        if "all" in self.folds and self.train.keep == "best":
            raise ValueError("folds has `all`, which validates no rows to choose an epoch by: set train.keep to last")
        return self


def read_params(path: Path) -> Params:
    """Raises Refusal with one line per mistake."""
    return parse(read_yaml(path), Params, str(path))
