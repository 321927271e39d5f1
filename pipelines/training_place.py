"""Where `foldline train` trains: in slots of this machine, or on the nodes of a Ray cluster (pipelines/on_ray.py)."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from foldline.fan_out.queue import Environment, Item, Process, start_cold
from foldline.fan_out.slots import add_slots, chosen_slots
from foldline.files.refusal import Refusal
from pipelines.on_ray import on_ray
from pipelines.running import Settings


class Place(Protocol):
    @property
    def slots(self) -> Sequence[Environment]: ...
    @property
    def attempts(self) -> int:
        """How often a training is started at most, where it is killed."""
        ...

    def start(self, item: Item, slot: Environment) -> Process: ...
    def share(self, stage: str) -> None:
        """What the stage reads is up to date here: let it be read there."""
        ...

    def collect(self, stages: Sequence[str]) -> None:
        """These have run there: have here what they wrote."""
        ...


@dataclass(frozen=True)
class Here:
    slots: Sequence[Environment]
    attempts: int = 1

    def start(self, item: Item, slot: Environment) -> Process:
        return start_cold(item, slot)

    def share(self, stage: str) -> None:
        pass

    def collect(self, stages: Sequence[str]) -> None:
        pass


def add_place(script: argparse.ArgumentParser) -> None:
    """The options that `chosen_place` reads."""
    add_slots(script)
    script.add_argument("--ray", metavar="ADDRESS", help="of a Ray cluster: HOST:PORT, or auto for this machine's")


def chosen_place(given: argparse.Namespace, settings: Settings) -> Place:
    if given.ray is None:
        return Here(chosen_slots(given))
    if given.gpus or given.slots:
        raise Refusal("--ray: Ray knows its nodes' GPUs, and gives them out. Leave out --gpus and --slots.")
    return on_ray(given.ray, given.gpus_per_fold or 1, settings)
