"""A small parcel: a notebook that answers the competition of rehearsal.py from a file of its dataset."""

import hashlib
import json
from pathlib import Path
from typing import Any

from foldline.files.notebooks import Cell, notebook_of
from tests.kaggle.rehearsal import GOOD, SLUG

USER = "local"
DATASET, NOTEBOOK = f"{USER}/cats-weights", f"{USER}/cats-infer"
CODE = f"""\
import os
from pathlib import Path
inputs, working = (Path(os.environ[f"FOLDLINE_KAGGLE_{{what}}"]) for what in ("INPUT", "WORKING"))
assert (inputs / "{SLUG}" / "sample_submission.csv").is_file()
(working / "submission.csv").write_text((inputs / "cats-weights" / "answers.csv").read_text())
(working / "more").mkdir()
(working / "more" / "notes.json").write_text('{{"code": 500}}')
print("answered")
"""


def write_parcel(folder: Path, code: str = CODE, answers: str = GOOD, **notebook: Any) -> Path:
    """`notebook`: what kernel-metadata.json says otherwise."""
    folder.mkdir(exist_ok=True)
    (folder / "answers.csv").write_text(answers)
    (folder / "model.bin").write_bytes(bytes(range(256)) * 100)
    sums = (
        f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in ("answers.csv", "model.bin")
    )
    (folder / "SHA256SUMS").write_text("".join(sums))
    (folder / "infer.ipynb").write_text(json.dumps(notebook_of([Cell("markdown", "# Why"), Cell("code", code)])))
    dataset = {"title": "Cats weights", "id": DATASET, "licenses": [{"name": "CC0-1.0"}]}
    (folder / "dataset-metadata.json").write_text(json.dumps(dataset))
    described = {
        "id": NOTEBOOK,
        "title": "cats infer",
        "code_file": "infer.ipynb",
        "language": "python",
        "kernel_type": "notebook",
        "is_private": "true",
        "enable_gpu": "false",
        "enable_tpu": "false",
        "enable_internet": "false",
        "machine_shape": "",
        "dataset_sources": [DATASET],
        "competition_sources": [SLUG],
        "kernel_sources": [],
        "model_sources": [],
    }
    (folder / "kernel-metadata.json").write_text(json.dumps(described | notebook))
    return folder
