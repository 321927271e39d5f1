"""What a training depends on, as dvc.yaml says: results made elsewhere count where that is the same."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from foldline.files.places import FoldName, Places
from foldline.files.whole_files import sha256
from foldline.params.yaml_files import read_yaml

STAGES = ("train", "predict")
Trainings = Sequence[tuple[FoldName, int]]
"""Folds and seeds."""


def inputs_of(places: Places, trainings: Trainings) -> dict[str, dict[str, Any]]:
    """By `FOLD-SEED` and stage: parameters and digests by their keys, hashes of files by their paths."""
    stages: Any = read_yaml(Path("dvc.yaml"))["stages"]
    known: dict[Path, str] = {}
    return {
        f"{fold}-{seed}": {stage: _of_stage(stages[stage], places, fold, seed, known) for stage in STAGES}
        for fold, seed in trainings
    }


def _of_stage(
    stage: Mapping[str, Any], places: Places, fold: FoldName, seed: int, known: dict[Path, str]
) -> dict[str, Any]:
    def filled(text: str) -> str:
        values = {"competition": places.slug, "item.fold": fold, "item.seed": seed}
        for name, value in values.items():
            text = text.replace(f"${{{name}}}", str(value))
        return text

    found: dict[str, Any] = {}
    for entry in stage["params"]:
        for file, keys in {"params.yaml": [entry]}.items() if isinstance(entry, str) else entry.items():
            content = read_yaml(Path(filled(file)))
            found |= {f"{filled(file)}: {key}": _value(content, key) for key in keys}
    for dependency in map(Path, map(filled, stage["deps"])):
        # Its own model is what it makes.
        paths = (
            [] if places.trained(fold, seed) in dependency.parents else sorted(dependency.rglob("*")) or [dependency]
        )
        for path in filter(Path.is_file, paths):
            known[path] = known.get(path) or sha256(path)
            found[path.as_posix()] = known[path]
    return found


def _value(content: Any, key: str) -> Any:
    for name in key.split("."):
        content = content.get(name) if isinstance(content, dict) else None
    return content


def differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What is not the same, of `inputs_of` one training."""
    stages = [(then.get(stage, {}), now.get(stage, {})) for stage in STAGES]
    return sorted({key for one, other in stages for key in {*one, *other} if one.get(key) != other.get(key)})
