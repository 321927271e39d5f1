"""What starting costs: torch, timm and albumentations take seconds, and most stages need none of them."""

import subprocess
import sys

from tests.contract.test_dvc_yaml import WITHOUT_TORCH

LATER = ["dry_run", "lr_find", "predict", "pretext", "pretext_choice", "report", "train", "weights"]
"""Import it once they work, if at all: not for `--help`, and not in the process that launches others."""


def test_scripts_start_without_torch() -> None:
    """In one process, which imports them all."""
    imports = ", ".join(f"pipelines.{script}" for script in [*WITHOUT_TORCH, *LATER])
    heavy = "{'torch', 'timm', 'albumentations', 'accelerate'}"
    program = f"import sys, {imports}; print(sorted({heavy} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
