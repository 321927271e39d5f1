"""Slots: which GPUs and threads each gets, what is refused, and that warm forks see their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from foldline.fan_out.slots import VISIBLE, common, slots_of, visible_gpus
from foldline.files.refusal import Refusal

UUIDS = [f"GPU-{letter * 8}-04cf-1ccf-9e70-f139a9b1e23c" for letter in "abcd"]
PART = "MIG-c7384736-a75d-5afc-978f-d2f1294409fd"
CORES = 16


@pytest.fixture
def four_gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `nvidia-smi -L` says of four, the last of which is divided; 16 cores."""
    lines = [f"GPU {number}: NVIDIA H200 (rev. 1) (UUID: {uuid})" for number, uuid in enumerate(UUIDS)]
    pretend(tmp_path, [*lines, f"  MIG 3g.20gb     Device  0: (UUID: {PART})"])
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(CORES)))
    for name in (VISIBLE, "OMP_NUM_THREADS", "FOLDLINE_PROCESSES"):
        monkeypatch.delenv(name, raising=False)


def pretend(folder: Path, lines: list[str]) -> None:
    """A machine with these GPUs, once the folder is first on the path."""
    tool = folder / "nvidia-smi"
    said = "\n".join(lines)
    tool.write_text(f"#!/bin/sh\n[ \"$*\" = -L ] || exit 1\ncat <<'END'\n{said}\nEND\n")
    tool.chmod(0o755)


def devices(*wish: object) -> list[str | None]:
    return [slot.get(VISIBLE) for slot in slots_of(*wish)]  # type: ignore[arg-type]


@pytest.mark.usefixtures("four_gpus")
@pytest.mark.parametrize(
    ("gpus", "slots", "per_fold", "expected", "threads"),
    [
        (None, None, None, ["0", "1", "2", "3"], "4"),
        (None, None, 2, ["0,1", "2,3"], "4"),
        (None, 2, None, ["0,1", "2,3"], "4"),
        (None, 8, None, ["0", "1", "2", "3", "0", "1", "2", "3"], "2"),
        (["2"], None, None, ["2"], None),
        (["3", "0"], None, 2, ["3,0"], None),
        (["3", UUIDS[1], "GPU-aaaa"], None, None, ["3", UUIDS[1], "GPU-aaaa"], "5"),
        ([PART, "0"], 2, 1, [PART, "0"], "8"),
        (["1"], 2, None, ["1", "1"], "8"),
    ],
)
def test_each_slot_gets_gpus_of_its_own_and_a_part_of_the_threads(
    gpus: list[str] | None, slots: int | None, per_fold: int | None, expected: list[str], threads: str | None
) -> None:
    found = slots_of(gpus, slots, per_fold)
    assert [slot[VISIBLE] for slot in found] == expected
    assert {slot.get("OMP_NUM_THREADS") for slot in found} == {threads}


@pytest.mark.usefixtures("four_gpus")
def test_one_slot_that_nobody_asked_gpus_for_takes_what_there_is() -> None:
    assert slots_of(None, 1, None) == [{}]


@pytest.mark.usefixtures("four_gpus")
@pytest.mark.parametrize(
    ("visible", "expected"),
    [
        ("2,0", ["2", "0"]),
        (f"GPU-cccc,{UUIDS[0]}", ["GPU-cccc", UUIDS[0]]),
        (PART, [PART]),
        ("1,7,2", ["1"]),
        ("0,GPU-,1", ["0"]),
        ("", []),
        ("-1", []),
        ("NoDevFiles", []),
    ],
)
def test_what_the_environment_shows_is_read_as_cuda_reads_it(
    visible: str, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Up to the first name that is none, or stands for several."""
    monkeypatch.setenv(VISIBLE, visible)
    assert visible_gpus() == expected
    assert devices(None, None, None) == (expected if len(expected) > 1 else [None])


@pytest.mark.usefixtures("four_gpus")
def test_threads_that_a_person_or_several_processes_ask_for_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOLDLINE_PROCESSES", "4")
    assert {slot["OMP_NUM_THREADS"] for slot in slots_of(None, 2, None)} == {"2"}
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert {slot["OMP_NUM_THREADS"] for slot in slots_of(None, 2, None)} == {"7"}


@pytest.mark.parametrize("fails", [False, True], ids=["absent", "failing"])
def test_without_gpus_slots_share_the_threads(fails: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if fails:
        (tmp_path / "nvidia-smi").write_text("#!/bin/sh\necho 'GPU 0: of another day (UUID: GPU-0)'; exit 9\n")
        (tmp_path / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(CORES)))
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.delenv("FOLDLINE_PROCESSES", raising=False)
    assert slots_of(None, None, None) == [{}]
    assert slots_of(None, 3, None) == [{"OMP_NUM_THREADS": "5"}] * 3


@pytest.mark.usefixtures("four_gpus")
@pytest.mark.parametrize(
    ("visible", "wish", "message"),
    [
        (None, (["0", "4"], None, None), "--gpus 0,4: 4 is not there; nvidia-smi lists 0, 1, 2, 3."),
        (None, (["GPU-"], None, None), "--gpus GPU-: GPU- is not there; nvidia-smi lists 0, 1, 2, 3."),
        ("2,3", (["0", "3"], None, None), "--gpus 0,3: 0 is not there; CUDA_VISIBLE_DEVICES shows 2, 3."),
        (None, (["1", "1"], None, None), r"--gpus 1,1 names one GPU twice \(1, 1\). Name each once."),
        (None, (["0", "GPU-aa"], None, None), r"names one GPU twice \(0, GPU-aa\)."),
        (None, (["0", "1", "2"], None, 2), r"--gpus-per-fold 2 does not divide 3 GPUs \(0, 1, 2\). Name as many"),
        ("", (None, None, 2), r"--gpus-per-fold 2 does not divide 0 GPUs \(none\)"),
        (None, (["0", "1"], 3, None), r"--slots 3 contradicts 2 GPUs \(0, 1\). Leave --slots out, or name"),
        (None, (None, 3, None), r"--slots 3 contradicts 4 GPUs \(0, 1, 2, 3\)."),
        (None, (None, 4, 2), r"--slots 4 contradicts 4 GPUs \(0, 1, 2, 3\) with 2 per fold."),
    ],
)
def test_refuses(visible: str | None, wish: tuple, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if visible is not None:
        monkeypatch.setenv(VISIBLE, visible)
    with pytest.raises(Refusal, match=message):
        slots_of(*wish)


def test_what_all_slots_say_is_common() -> None:
    assert common([{VISIBLE: "0", "OMP_NUM_THREADS": "4"}, {VISIBLE: "1", "OMP_NUM_THREADS": "4"}]) == {
        "OMP_NUM_THREADS": "4"
    }
    assert common([{}]) == {}


def test_what_warm_trainings_are_forks_of_asks_for_no_device() -> None:
    """Whoever has asked CUDA what is visible passes the answer on to all its forks; or they cannot use it at all."""
    program = """
import torch
def asked(*_):
    raise AssertionError("a device was asked for")
for name in ("is_available", "device_count", "init", "current_device", "get_device_name", "_lazy_init"):
    setattr(torch.cuda, name, asked)
torch._C._cuda_getDeviceCount = asked
import pipelines.fold_training
from pipelines.stage_server import HEAVY
from importlib import import_module
for module in HEAVY:
    import_module(module)
print("none was")
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ended.stdout == "none was\n", ended.stderr
