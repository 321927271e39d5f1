"""The weights of a metric in the order of the classes, which a card names."""

from collections.abc import Iterable, Mapping, Sequence

from foldline.files.class_names import label_of
from foldline.files.refusal import Refusal, listed
from foldline.metrics.weights_section import ByTruth


def weights_of(by_name: Mapping[str, float], classes: Sequence[str]) -> tuple[float, ...]:
    """Of each class or column, 1 where it has none. Raises Refusal for the weight of a class that there is not."""
    _refuse_unknown(by_name, classes)
    return tuple(by_name.get(name, 1.0) for name in classes)


def weights_by_truth(by_name: Mapping[str, float | ByTruth], classes: Sequence[str]) -> tuple[tuple[float, float], ...]:
    """The same, of each where it is absent, and where it is present."""
    _refuse_unknown(by_name, classes)
    weights = (by_name.get(name, 1.0) for name in classes)
    return tuple((one.negative, one.positive) if isinstance(one, ByTruth) else (one, one) for one in weights)


def weights_of_labels(by_label: Mapping[str, float], classes: Sequence[str]) -> tuple[float, ...]:
    """Of each class that of its label, whatever its column."""
    labels = tuple(map(label_of, classes))
    _refuse_unknown(by_label, tuple(dict.fromkeys(labels)), "metric.class_weights")
    return tuple(by_label.get(label, 1.0) for label in labels)


def _refuse_unknown(by_name: Iterable[str], classes: Sequence[str], fact: str = "metric.weights") -> None:
    unknown = [name for name in by_name if name not in classes]
    if unknown:
        raise Refusal(
            f"{fact} names {listed(unknown)}, which is no class. Classes: {listed(classes, 20)}. Correct the card."
        )
