"""What a cache of JPEGs cannot hold."""

from collections.abc import Iterator

from foldline.card.layout import Layout
from foldline.pixels.section import JpegStore, Prepare


def unstorable(prepare: Prepare, layout: Layout, slug: str) -> Iterator[str]:
    """A message where `prepare.store` is one and the card's pictures are no bytes of 1 or 3 channels."""
    channels, numbers = layout.channels, layout.range is not None
    if isinstance(prepare.store, JpegStore) and (numbers or channels not in (1, 3)):
        kept = f"{channels} channels of {'numbers (layout.range)' if numbers else 'bytes'}"
        yield (
            f"params.yaml: `prepare.store.kind` is 'jpeg', which holds bytes of 1 or 3 channels, but {slug} has "
            f"{kept}. Valid: 'pixels'."
        )
