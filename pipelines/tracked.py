"""What a stage of DVC's tracks in params.yaml and the card must not change while it runs: DVC records what these say as
the stage ends, whatever it ran with."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from foldline.experiment.chain import read_stages, tracked_values
from foldline.files.parent import OF_DVC
from foldline.files.refusal import Refusal, listed
from foldline.params.yaml_files import read_yaml
from pipelines.running import read_settings

_at_start: dict[str, Any] = {}


def note() -> None:
    """At the start of a stage, before it reads them."""
    _at_start.clear()
    _at_start.update(_now())


def refuse_changes() -> None:
    now = _now()
    changed = [name for name, value in _at_start.items() if now.get(name) != value]
    if changed:
        raise Refusal(
            f"{listed(changed)} changed while the stage {os.environ[OF_DVC]} ran, and DVC would record that its result "
            "came of the change. Run the same command again; put the change back first, to keep what was computed "
            "before it. `dvc exp run --queue` has files of its own, which may be changed meanwhile."
        )


def _now() -> Mapping[str, Any]:
    """By file and key; nothing where this is no stage of dvc.yaml."""
    name = os.environ.get(OF_DVC, "").partition("@")[0]
    stage = read_stages(read_settings().slug).get(name) if name else None
    if stage is None:
        return {}
    files = {file: read_yaml(Path(file)) if Path(file).exists() else {} for file in stage.params}
    return {f"{file} ({key})" if key else file: value for file, key, value in tracked_values(stage, files)}
