"""What dvc.yaml and dvc.lock say of stages: what each tracks, and a key of what it computes from given parameters.

Two experiments for which a stage has one key get the same from it, so that it need run for one of them alone.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from foldline.files.whole_files import sha256_of_json
from foldline.params.yaml_files import read_yaml

CHAIN, LOCK, PARAMS = Path("dvc.yaml"), Path("dvc.lock"), "params.yaml"
KEY_LENGTH = 16
CHECKS = ("check", "dry_run")
"""Stages that only refuse: their outs are always the same bytes, so nothing depends on what they checked."""
Experiment = Mapping[str, Any]
"""The content of a params.yaml."""


@dataclass(frozen=True)
class Stage:
    name: str
    command: str
    """With `${item.fold}` and the like, where there are several of it."""
    params: Mapping[str, Sequence[str]]
    """From a file to the keys that are tracked in it, `train.epochs`."""
    deps: Sequence[str]
    outs: Sequence[str]

    def of(self, **item: object) -> "Stage":
        """The one for this fold, or fold and seed."""

        def filled(text: str) -> str:
            for name, value in item.items():
                text = text.replace(f"${{item.{name}}}", str(value))
            return text

        deps, outs = ([filled(path) for path in paths] for paths in (self.deps, self.outs))
        return replace(self, command=filled(self.command), deps=deps, outs=outs)

    @property
    def is_per_fold(self) -> bool:
        return "${item.fold}" in self.command

    def for_folds(self, folds: Sequence[object]) -> "dict[str, Stage]":
        """By a name each: one for each fold, where it is per fold."""
        return (
            {f"{self.name}-fold{fold}": self.of(fold=fold) for fold in folds} if self.is_per_fold else {self.name: self}
        )


@dataclass(frozen=True)
class Chain:
    stages: Mapping[str, Stage]
    found: Mapping[str, str]
    """The MD5 sum of what stages last ran on, by path (dvc.lock)."""
    facts: Mapping[str, Mapping[str, Any]]
    """The content of the other files in which stages track keys: the card, the digests of code."""

    def writer_of(self, path: str) -> Stage | None:
        """The stage of which this is an out, or lies in one."""
        return self._writers.get(path) or self._writers.get(path.rpartition("/")[0])

    @cached_property
    def _writers(self) -> Mapping[str, Stage]:
        return {out: stage for stage in self.stages.values() for out in stage.outs}

    def before(self, name: str) -> list[Stage]:
        """The stages whose outs this one reads, each after those that it needs itself."""
        ordered: dict[str, Stage] = {}
        for path in self.stages[name].deps:
            writer = self.writer_of(path)
            if writer is not None:
                ordered |= {stage.name: stage for stage in (*self.before(writer.name), writer)}
        return list(ordered.values())

    def tracked(self, name: str, params: Experiment) -> Iterator[tuple[str, str, Any]]:
        return tracked_values(self.stages[name], {**self.facts, PARAMS: params})

    def key(self, name: str, params: Experiment, apart: frozenset[str]) -> str:
        """Of what the stage computes from these parameters, the files that lie there, and its code.

        apart: the stages that may run with other parameters, too; what others wrote is taken as it is.
        """
        stage = self.stages[name]
        tracked = {f"{file}:{key}": value for file, key, value in self.tracked(name, params)}
        of_deps = {}
        for path in stage.deps:
            writer = self.writer_of(path)
            if writer is not None and writer.name in CHECKS:
                continue
            is_apart = writer is not None and writer.name in apart
            of_deps[path] = self.key(writer.name, params, apart) if writer and is_apart else self.found.get(path)
        return sha256_of_json([stage.command, tracked, of_deps])[:KEY_LENGTH]


def read_chain(slug: str) -> Chain:
    """Of the competition `slug`."""
    stages = read_stages(slug)
    locked = read_yaml(LOCK)["stages"].values() if LOCK.exists() else ()
    found = {dep["path"]: dep.get("md5", "") for one in locked for dep in one.get("deps", ())}
    named = {file for stage in stages.values() for file in stage.params} - {PARAMS}
    return Chain(stages, found, {file: read_yaml(Path(file)) for file in named})


def read_stages(slug: str) -> dict[str, Stage]:
    return {name: _stage(name, written, slug) for name, written in read_yaml(CHAIN)["stages"].items()}


def tracked_values(stage: Stage, files: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str, Any]]:
    """Of a stage the keys that it tracks: their file, they themselves, and their values. files: their contents."""
    for file, keys in stage.params.items():
        yield from ((file, key, _value_at(files[file], key)) for key in keys)


def _value_at(content: Mapping[str, Any], key: str) -> Any:
    """None where it is not there, as for an optional key of a card."""
    value: Any = content
    for name in filter(None, key.split(".")):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _stage(name: str, written: Mapping[str, Any], slug: str) -> Stage:
    def path(text: str) -> str:
        return text.replace("${competition}", slug)

    params: dict[str, list[str]] = {}
    for one in written.get("params", ()):
        for file, keys in ({PARAMS: [one]} if isinstance(one, str) else one).items():
            params.setdefault(path(file), []).extend(keys or [""])
    command = re.sub(r"^python ", "", path(written["cmd"]))
    return Stage(name, command, params, [*map(path, written.get("deps", ()))], [*map(path, written.get("outs", ()))])
