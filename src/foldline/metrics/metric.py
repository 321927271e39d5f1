"""Section `metric` of a card: how the competition scores."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from foldline.metrics.metric_names import refuse_other_name
from foldline.metrics.metrics_of_answers import (
    Accuracy,
    BalancedAccuracy,
    CohenKappa,
    ExactMatch,
    FBeta,
    GlobalAveragePrecision,
    HammingLoss,
    LinearKappa,
    MacroF1,
    Matthews,
    MeanAveragePrecision,
    MeanColumnAccuracy,
    MeanColumnBalancedAccuracy,
    MeanColumnMacroF1,
    MeanRowFBeta,
    MeanRowJaccard,
    MultilabelMacroF1,
    MultilabelMicroF1,
    ProbabilisticF1,
    QuadraticKappa,
    TopKAccuracy,
    TopKError,
    WeightedF1,
)
from foldline.metrics.metrics_of_numbers import (
    R2,
    Concordance,
    Mae,
    Mape,
    MeanColumnMae,
    MeanColumnRmse,
    MedianAbsoluteError,
    Mse,
    Pearson,
    Rmse,
    Rmsle,
    Smape,
    Spearman,
    WeightedR2,
)
from foldline.metrics.metrics_of_predictions import (
    Auc,
    AveragePrecision,
    BalancedLogLoss,
    BinaryLogLoss,
    Brier,
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
    WeightedMeanColumnAuc,
)

Metric = Annotated[
    Auc
    | MeanColumnAuc
    | WeightedMeanColumnAuc
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
    | Brier
    | Accuracy
    | BalancedAccuracy
    | MacroF1
    | WeightedF1
    | FBeta
    | Matthews
    | CohenKappa
    | MeanColumnAccuracy
    | MeanColumnBalancedAccuracy
    | MeanColumnMacroF1
    | MultilabelMicroF1
    | MultilabelMacroF1
    | MeanRowFBeta
    | MeanRowJaccard
    | ExactMatch
    | HammingLoss
    | MeanAveragePrecision
    | GlobalAveragePrecision
    | TopKError
    | TopKAccuracy
    | QuadraticKappa
    | LinearKappa
    | Rmse
    | MeanColumnRmse
    | Mse
    | Mae
    | MeanColumnMae
    | MedianAbsoluteError
    | Mape
    | Smape
    | Rmsle
    | Pearson
    | Spearman
    | Concordance
    | R2
    | WeightedR2
    | ProbabilisticF1,
    Field(discriminator="kind"),
    BeforeValidator(refuse_other_name),
]
