"""What a training depends on, as dvc.yaml says: results made elsewhere count where that is the same."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from foldline.experiment.chain import PARAMS, read_chain
from foldline.files.places import FoldName, Places
from foldline.files.whole_files import sha256
from foldline.params.yaml_files import read_yaml

STAGES = ("train", "predict")
Trainings = Sequence[tuple[FoldName, int]]
"""Folds and seeds."""


def inputs_of(places: Places, trainings: Trainings) -> dict[str, dict[str, Any]]:
    """By `FOLD-SEED` and stage: parameters and digests by their keys, hashes of files by their paths."""
    chain, params = read_chain(places.slug), read_yaml(Path(PARAMS))
    hashes: dict[Path, str] = {}

    def of_stage(name: str, fold: FoldName, seed: int) -> dict[str, Any]:
        found = {f"{file}: {key}": value for file, key, value in chain.tracked(name, params)}
        for dependency in map(Path, chain.stages[name].of(fold=fold, seed=seed).deps):
            if places.trained(fold, seed) in dependency.parents:
                continue  # its own model is what it makes
            for path in filter(Path.is_file, sorted(dependency.rglob("*")) or [dependency]):
                hashes[path] = hashes.get(path) or sha256(path)
                found[path.as_posix()] = hashes[path]
        return found

    return {f"{fold}-{seed}": {name: of_stage(name, fold, seed) for name in STAGES} for fold, seed in trainings}


def differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What is not the same, of `inputs_of` one training."""
    stages = [(then.get(stage, {}), now.get(stage, {})) for stage in STAGES]
    return sorted({key for one, other in stages for key in {*one, *other} if one.get(key) != other.get(key)})
