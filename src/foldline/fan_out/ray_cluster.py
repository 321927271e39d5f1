"""A Ray cluster as a place for the queue's items: its slots are the nodes' GPUs, an item's process is a task of Ray's.

A task whose worker or node is lost counts as killed, and starts again on another node; one that fails by itself does
not. Ray is imported where a cluster is asked for, and nowhere else.
"""

import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from foldline.fan_out.queue import Environment, Item, prepare_files
from foldline.fan_out.ray_node import Project, Report, Words, work
from foldline.files.refusal import Refusal
from foldline.files.whole_files import write_text

LOST = -9
"""The code of a task that can say none any more, as of a process that was killed."""
ANSWER_SECONDS = 10
NODE = "ray.io/node-id"
"""A label that Ray gives each node."""


@dataclass
class Task:
    """What the queue asks of a process."""

    item: Item
    reports: Any
    """References to what `on_node` yields."""
    lost: Callable[[str], None]
    """Is told the node, where it is lost."""
    pid: None = None
    node: str = ""
    code: int | None = None

    def poll(self) -> int | None:
        ray = import_module("ray")
        while self.code is None and ray.wait([self.reports], timeout=0)[0]:
            try:
                self._take(ray.get(next(self.reports)))
            except ray.exceptions.RayTaskError as error:
                self._take(Report(f"{error}\n".encode(), None, 1))
            except ray.exceptions.RayError as error:
                self.lost(self.node)
                self._take(Report(f"the worker was lost: {type(error).__name__}\n".encode(), None, LOST))
        return self.code

    def _take(self, report: Report | str) -> None:
        if isinstance(report, str):
            self.node = report
            return
        with self.item.log.open("ab") as log:
            log.write(report.log)
        if report.progress is not None:
            write_text(self.item.progress, report.progress)
        self.code = report.code

    def wait(self) -> None:
        if self.code is None:
            import_module("ray").cancel(self.reports, force=True)


@dataclass
class Cluster:
    gpus_per_item: int
    slots: Sequence[Environment]
    """As many as the GPUs sufficed for; Ray says which is where."""
    project: Any = None
    """A reference to the Project."""
    lost: dict[str, list[str]] = field(default_factory=dict)
    """By item, the nodes that were lost with it."""

    def give(self, project: Project) -> None:
        self.project = import_module("ray").put(project)

    def start(self, item: Item, commands: Sequence[Words]) -> Task:
        prepare_files(item)
        avoided = self.lost.setdefault(item.name, [])
        others = [node for node, gpus in nodes().items() if gpus >= self.gpus_per_item and node not in avoided]
        task = import_module("ray").remote(on_node)
        task = task.options(
            name=item.name,
            num_gpus=self.gpus_per_item,
            num_cpus=0,
            max_retries=0,
            label_selector={NODE: f"!in({','.join(avoided)})"} if avoided and others else {},
        )
        return Task(item, task.remote(self.project, commands), avoided.append)


def join(address: str, gpus_per_item: int) -> Cluster:
    """Raises Refusal where there is no Ray, no cluster, or none of its nodes has so many GPUs."""
    try:
        ray = import_module("ray")
    except ModuleNotFoundError:
        raise Refusal("--ray needs Ray, which is not installed: pip install 'foldline[ray]'") from None
    try:
        _ask(address)
        ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    except (OSError, RuntimeError, ValueError) as error:  # ConnectionError is an OSError
        why = str(error).partition("\n")[0]
        raise Refusal(
            f"--ray {address}: no Ray cluster answers ({why}). Start one with `ray start "
            "--head`, join the other machines with `ray start --address=HOST:6379`, and run this on one of them."
        ) from None
    slots = sum(gpus // gpus_per_item for gpus in nodes().values())
    if not slots:
        raise Refusal(
            f"--ray {address}: no node has as many GPUs as --gpus-per-fold {gpus_per_item}. Ask for fewer, or tell Ray "
            "what a node has: `ray start --num-gpus N`."
        )
    return Cluster(gpus_per_item, [{}] * slots)


def _ask(address: str) -> None:
    """Raises OSError where nobody listens, of whom Ray itself would wait for minutes; ValueError where it is none."""
    host, colon, port = address.rpartition(":")
    if colon:
        socket.create_connection((host, int(port)), ANSWER_SECONDS).close()


def on_node(project: Project, commands: Sequence[Words]) -> Iterator[str | Report]:
    """The task: first the node's name for Ray, then what happens there."""
    node = import_module("ray").get_runtime_context().get_node_id()
    yield node
    yield from work(project, commands, max(nodes()[node], 1))


def nodes() -> dict[str, int]:
    """The GPUs of each that lives."""
    found = import_module("ray").nodes()
    return {node["NodeID"]: int(node["Resources"].get("GPU", 0)) for node in found if node["Alive"]}
