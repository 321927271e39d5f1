"""Section `metric` of a card: how the competition scores."""

from typing import Annotated

from pydantic import Field

from foldline.cards.metrics_of_answers import (
    R2,
    Accuracy,
    BalancedAccuracy,
    FBeta,
    GlobalAveragePrecision,
    MacroF1,
    Mae,
    Matthews,
    MeanAveragePrecision,
    MeanColumnAccuracy,
    MeanColumnBalancedAccuracy,
    MeanColumnMacroF1,
    MeanColumnRmse,
    MeanRowFBeta,
    MultilabelMacroF1,
    MultilabelMicroF1,
    ProbabilisticF1,
    QuadraticKappa,
    Rmse,
    Rmsle,
    TopKError,
    WeightedR2,
)
from foldline.cards.metrics_of_predictions import (
    Auc,
    AveragePrecision,
    BalancedLogLoss,
    BinaryLogLoss,
    KlDivergence,
    LogLoss,
    MeanColumnAuc,
    MeanColumnAveragePrecision,
    MeanColumnLogLoss,
    MicroAuc,
    PartialAuc,
    WeightedAuc,
    WeightedBinaryLogLoss,
    WeightedLogLoss,
)

Metric = Annotated[
    Auc
    | MeanColumnAuc
    | MicroAuc
    | WeightedAuc
    | PartialAuc
    | AveragePrecision
    | MeanColumnAveragePrecision
    | BinaryLogLoss
    | WeightedBinaryLogLoss
    | LogLoss
    | WeightedLogLoss
    | MeanColumnLogLoss
    | BalancedLogLoss
    | KlDivergence
    | Accuracy
    | BalancedAccuracy
    | MacroF1
    | FBeta
    | Matthews
    | MeanColumnAccuracy
    | MeanColumnBalancedAccuracy
    | MeanColumnMacroF1
    | MultilabelMicroF1
    | MultilabelMacroF1
    | MeanRowFBeta
    | MeanAveragePrecision
    | GlobalAveragePrecision
    | TopKError
    | QuadraticKappa
    | Rmse
    | MeanColumnRmse
    | Mae
    | Rmsle
    | R2
    | WeightedR2
    | ProbabilisticF1,
    Field(discriminator="kind"),
]
