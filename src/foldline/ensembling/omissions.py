"""Steps that were asked for and that the metric has no use for."""

from foldline.ensembling.gains import Gain
from foldline.ensembling.steps import Step
from foldline.metrics.metric import Metric

Steps = tuple[list[Step], list[Gain]]
"""Those to fit, in order, and lines for those that were asked for and are left out."""


def no_use(metric: Metric, step: str) -> str:
    if metric.judges_probabilities:
        return f"{step} cannot help {metric.name}, to which no row can cost more than 1"
    counting = "the order of predictions" if metric.sees_order_alone else metric.needs
    return f"{step} cannot help {metric.name}, which depends on {counting} alone"
