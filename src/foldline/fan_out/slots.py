"""Slots: what tells places apart in which items run side by side (GPUs, threads), as environment variables."""

import argparse
import os
import re
import subprocess
from collections.abc import Sequence
from itertools import takewhile
from operator import itemgetter

from foldline.fan_out.queue import Environment
from foldline.files.refusal import Refusal, counted, listed

VISIBLE, THREADS, PROCESSES = "CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "FOLDLINE_PROCESSES"


def add_slots(script: argparse.ArgumentParser) -> None:
    """The options of a command that trains side by side; `chosen_slots` reads them."""
    script.add_argument("--slots", type=count, help="how many are trained side by side (one per GPU, else 1)")
    script.add_argument("--gpus", type=names, help="on which: 0,1,2,3 or their UUIDs (all that are visible)")
    script.add_argument("--gpus-per-fold", type=count, metavar="N", help="how many learn one fold together (1)")


def count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1")
    return int(text)


def names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",")]


def chosen_slots(given: argparse.Namespace) -> list[Environment]:
    """Of the options of `add_slots`. Raises Refusal where they contradict each other or this machine."""
    return slots_of(given.gpus, given.slots, given.gpus_per_fold)


def slots_of(gpus: Sequence[str] | None, slots: int | None, per_fold: int | None) -> list[Environment]:
    """None: what is visible; as many as the others leave; as many per fold as $FOLDLINE_PROCESSES, else one.

    With fewer GPUs than slots, several slots share one. A single slot that nobody asked GPUs for takes what there is.
    """
    visible = visible_gpus()
    if gpus is not None:
        _refuse_unknown(gpus, visible)
    used = visible if gpus is None else gpus
    said = f"{counted(len(used), 'GPU', 'GPUs')} ({listed(used)})"
    if per_fold is not None and (not used or len(used) % per_fold):
        raise Refusal(f"--gpus-per-fold {per_fold} does not divide {said}. Name as many by --gpus as it divides.")
    each = per_fold or _processes() or 1
    wanted = slots or (len(used) // each if used and len(used) % each == 0 else 1)
    if used and not _fit(len(used), wanted, per_fold):
        divided = f" with {per_fold} per fold" if per_fold else ""
        raise Refusal(
            f"--slots {wanted} contradicts {said}{divided}. Leave --slots out, or name by --gpus as many as it shares "
            "evenly."
        )
    if wanted == 1 and gpus is None:
        return [{}]
    return [{**_devices(used, slot, wanted), **_threads(len(used), wanted)} for slot in range(wanted)]


def _fit(gpus: int, slots: int, per_fold: int | None) -> bool:
    return gpus == slots * per_fold if per_fold else gpus % slots == 0 or slots % gpus == 0


def _devices(gpus: Sequence[str], slot: int, slots: int) -> Environment:
    """Neighbours, as they are named: they are the most likely to be joined by a fast link."""
    if not gpus:
        return {}
    each = max(len(gpus) // slots, 1)
    first = slot * each % len(gpus)
    return {VISIBLE: ",".join(gpus[first : first + each])}


def _threads(gpus: int, slots: int) -> Environment:
    """The processor's, divided, since threads that outnumber the cores wait for each other. A single slot's training
    takes all, and its processes divide them (training/launching.py)."""
    if slots == 1:
        return {}
    learning = slots * (_processes() or max(gpus // slots, 1))
    return {THREADS: os.environ.get(THREADS, str(max(len(os.sched_getaffinity(0)) // learning, 1)))}


def _processes() -> int:
    """That a person asks for in each training; 0 where it is for GPUs to say (or nonsense, which trainings refuse)."""
    asked = os.environ.get(PROCESSES, "")
    return int(asked) if asked.isdecimal() else 0


def gpus_of(slot: Environment) -> int | None:
    """How many GPUs it shows; None where it shows what there is."""
    return len(names(slot[VISIBLE])) if VISIBLE in slot else None


def common(slots: Sequence[Environment]) -> Environment:
    """What all of them say: one process that they are forks of may start with it."""
    first, *others = slots
    return {name: value for name, value in first.items() if all(one.get(name) == value for one in others)}


def _refuse_unknown(gpus: Sequence[str], visible: Sequence[str]) -> None:
    there = installed_gpus()
    seen = [_device(name, there) for name in (visible if VISIBLE in os.environ else map(itemgetter(1), there))]
    devices = [_device(name, there) for name in gpus]
    unknown = [name for name, device in zip(gpus, devices, strict=True) if device is None or device not in seen]
    if unknown:
        those = f"{VISIBLE} shows" if VISIBLE in os.environ else "nvidia-smi lists"
        raise Refusal(f"--gpus {','.join(gpus)}: {listed(unknown)} is not there; {those} {listed(visible)}.")
    twice = [name for name, device in zip(gpus, devices, strict=True) if devices.count(device) > 1]
    if twice:
        raise Refusal(f"--gpus {','.join(gpus)} names one GPU twice ({listed(twice)}). Name each once.")


def visible_gpus() -> list[str]:
    """As $CUDA_VISIBLE_DEVICES names them, numbers or (beginnings of) UUIDs; where it is not set, by their numbers.

    As CUDA does, it looks no further than the first name that is none. torch is not asked: importing it takes seconds.
    """
    there, named = installed_gpus(), os.environ.get(VISIBLE)
    if named is None:
        return [number for number, _ in there if number]
    return list(takewhile(lambda name: _device(name, there) is not None, names(named)))


def _device(name: str, there: Sequence[tuple[str, str]]) -> str | None:
    """The UUID of the one that has this number, or that alone has a UUID which begins so."""
    found = [uuid for number, uuid in there if name and (number == name or uuid.startswith(name))]
    return found[0] if len(found) == 1 else None


def installed_gpus() -> list[tuple[str, str]]:
    """Number and UUID of each GPU, and (without a number) of each part of one, as NVIDIA's own tool lists them."""
    try:
        said = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):  # no driver, or none that works
        return []
    return re.findall(r"^(?:GPU (\d+):| +MIG ).*\(UUID: ([^)]+)\)", said, re.MULTILINE)
