import os
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

# `dvc exp run --queue` runs in a clone: there, the clone's own code must run, not the installed checkout's.
_SOURCE = Path(__file__).resolve().parent.parent / "src"
if (_SOURCE / "foldline").is_dir():
    sys.path.insert(0, str(_SOURCE))

# torch's threads wait for each other by asking again and again: beside one other busy process a training then takes
# several times as long. Those that sleep lose microseconds. Its OpenMP reads this as it is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

_HEAVY = tuple(f"pipelines.{stage}" for stage in ("weights", "dry_run", "train", "predict"))
"""Stages that need torch, whatever they are asked."""
_LIGHT = ("prepare", "split", "pretext", "pretext_choice", "ensemble", "clip", "format")
_WARM = (*_HEAVY, *(f"pipelines.{stage}" for stage in _LIGHT))
"""Those that are forks of a process that has imported it, where there is one; the heavy ones start it."""

if "DVC_STAGE" in os.environ or "FOLDLINE_PARENT" in os.environ:
    from foldline.files.parent import die_with_parent

    _is_of_dvc = "FOLDLINE_PARENT" not in os.environ
    # Before anything else: importing torch takes seconds, in which DVC may be killed.
    die_with_parent()
    if _is_of_dvc and sys.orig_argv[1:2] == ["-m"] and sys.orig_argv[2] in _WARM:
        # By name: how a stage starts is nothing that it computes by, so its digest is not of this.
        import_module("foldline.fan_out.warm_stages").start_warm(
            sys.orig_argv[2:], [sys.executable, "-m", "pipelines.stage_server"], sys.orig_argv[2] in _HEAVY
        )


class _WhenUsed(ModuleType):
    """Stands for a module until something of it is asked for: to import it takes longer than most scripts run."""

    def __getattr__(self, name: str) -> Any:
        if sys.modules[self.__name__] is self:
            del sys.modules[self.__name__]
        vars(self).update(vars(import_module(self.__name__)))
        return getattr(sys.modules[self.__name__], name)


for _name in {"pandas", "pyarrow", "scipy"} - {*sys.modules}:
    _later = _WhenUsed(_name)
    _later.__spec__ = find_spec(_name)  # others ask by it whether the module is there
    sys.modules[_name] = _later
