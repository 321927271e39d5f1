"""A competition's host, real or local, as one object."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from foldline.card.host import Host, LocalHost
from foldline.files.places import Places
from foldline.kaggle.client import CallFailed, Kaggle
from foldline.kaggle.environment import local_environment, real_environment
from foldline.kaggle.failures import explained


@contextmanager
def reach(host: Host, places: Places) -> Iterator[Kaggle]:
    """Yield the host of the competition `places.slug`; a failed call that leaves the block becomes a Refusal.

    For a local host, the local Kaggle runs as long as the block.
    """
    with ExitStack() as stack:
        if isinstance(host, LocalHost):
            # A real competition needs neither the server nor scikit-learn, which scores for it.
            from foldline.kaggle.sources import source_folder
            from foldline.local_kaggle.server import LocalKaggle

            folder = source_folder(host.source, places)
            server = stack.enter_context(LocalKaggle({places.slug: folder}, places.local_kaggle))
            environment = local_environment(os.environ, server.port, places.local_kaggle / "home")
        else:
            environment = real_environment(os.environ)
        kaggle = stack.enter_context(Kaggle(environment))
        with refusing(kaggle, places.slug):
            yield kaggle


@contextmanager
def refusing(kaggle: Kaggle, competition: str) -> Iterator[None]:
    """A call that fails in the block becomes a Refusal with the cure."""
    try:
        yield
    except CallFailed as failure:
        raise explained(failure, competition, kaggle) from None
