"""Section `trackers`: where a training's epochs are shown besides its history.csv. They change nothing that is
computed, so no stage depends on them."""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Annotated, Literal

from foldline.files.refusal import Refusal
from foldline.params.section import EACH_ONCE

TrackerName = Literal["tensorboard", "wandb", "mlflow"]
Trackers = Annotated[tuple[TrackerName, ...], EACH_ONCE]


def refuse_absent(trackers: Sequence[TrackerName]) -> None:
    """Raises Refusal for the first whose package is not installed."""
    for name in trackers:
        found = find_spec(name)
        if found is None or found.origin is None:  # A folder of that name, which some of them leave behind, is none.
            raise Refusal(
                f"params.yaml: `trackers` has {name}, whose package is not installed. Install it (pip install "
                f"'foldline[{name}]'), or leave it out."
            )
