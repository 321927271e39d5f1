"""Section `rules` of a card: what the host allows, as far as it decides what may be computed."""

from typing import Literal

from foldline.params.section import Section


class Rules(Section):
    test_images_in_training: Literal["allowed", "forbidden", "unknown"]
    """Whether a model may learn from test images, without labels: some hosts forbid any training on them."""


UNKNOWN = Rules(test_images_in_training="unknown")
