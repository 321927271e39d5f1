"""For every test: no network look-ups at import, no accelerators, one thread per process."""

import os
from collections.abc import Iterator

import jaxtyping
import pytest

os.environ.update(NO_ALBUMENTATIONS_UPDATE="1", HF_HUB_OFFLINE="1", CUDA_VISIBLE_DEVICES="", OMP_NUM_THREADS="1")


@pytest.fixture(autouse=True)
def _shapes_are_checked_but_in_many_draws(request: pytest.FixtureRequest) -> Iterator[None]:
    """Millions of calls take three times as long with their shapes looked at; other tests call the same functions."""
    jaxtyping.config.update("jaxtyping_disable", request.node.get_closest_marker("many_draws") is not None)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)
