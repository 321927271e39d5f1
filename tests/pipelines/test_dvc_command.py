"""What DVC says of a run, and what follows from it."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from foldline.files.refusal import Refusal
from foldline.params.yaml_files import read_yaml
from pipelines import dvc_command

VIEWS = {"predict@1-0": [{"changed deps": {"params.yaml": {"predict.views": "modified"}}}]}


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, object], None]:
    """Has `dvc status` end with this code, and say this."""

    def say(code: int, said: object) -> None:
        ended = subprocess.CompletedProcess(["dvc"], code, json.dumps(said))
        monkeypatch.setattr(dvc_command, "run_dvc", lambda *words, stdout: ended)

    return say


def test_a_run_is_refused_of_which_a_stage_would_run_again(say: Callable[[int, object], None]) -> None:
    say(0, {})
    dvc_command.refuse_changed_run()
    say(0, VIEWS)
    with pytest.raises(Refusal, match=r"something was changed since: predict@1-0 would run again .*Run `dvc repro`"):
        dvc_command.refuse_changed_run()


def test_where_dvc_does_not_tell_nothing_is_taken_for_finished(say: Callable[[int, object], None]) -> None:
    say(255, {})
    with pytest.raises(Refusal, match=r"`dvc status` failed, so it is not known whether the run is finished\."):
        dvc_command.refuse_changed_run()


def test_all_stages_but_those_that_fetch_or_refuse_make_a_runs_files() -> None:
    stages = read_yaml(Path(__file__).parents[2] / "dvc.yaml")["stages"]
    assert {*stages} - {*dvc_command.OF_A_RUN} == {"code", "check", "download", "dry_run"}
    assert {*dvc_command.OF_A_RUN} <= {*stages}
