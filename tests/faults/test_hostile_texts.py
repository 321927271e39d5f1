"""Hostile texts in many examples: through every reader, and from a sample submission to a csv that passes the check."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from tests.archive.test_spellings import WRITERS, held, texts
from tests.competition.test_hostile_samples import FORMS, names, written_or_refused
from tests.conftest import Zipped

EXAMPLES, SAMPLES = 500, 100
QUIET = (HealthCheck.function_scoped_fixture, HealthCheck.too_slow)
pytestmark = pytest.mark.faults


@pytest.mark.parametrize("writer", WRITERS)
@given(found=texts)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=QUIET)
def test_texts_stay_texts(writer: str, outcome: Callable[..., None], found: list[str]) -> None:
    held(writer, found)
    outcome("hostile texts in tables", "survived")


@pytest.mark.parametrize("kind", FORMS)
@given(ids=names, classes=names)
@settings(max_examples=SAMPLES, deadline=None, suppress_health_check=QUIET)
def test_samples_of_hostile_texts(
    tmp_path: Path, zipped: Zipped, outcome: Callable[..., None], kind: str, ids: list[str], classes: list[str]
) -> None:
    outcome("hostile texts in sample submissions", written_or_refused(tmp_path, zipped, kind, ids, classes))
