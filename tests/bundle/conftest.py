"""Runs whose stages DVC did not run: it has nothing to say of them."""

import pytest

from pipelines import dvc_command


@pytest.fixture(autouse=True)
def nothing_was_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dvc_command, "changed_stages", lambda *_: [])
