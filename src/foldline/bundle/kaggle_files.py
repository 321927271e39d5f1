"""What Kaggle's client must find in a bundle's folder: two files of metadata, and the notebook that predicts."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from foldline.files.notebooks import Cell, notebook_of
from foldline.files.sums import SUMS
from foldline.files.whole_files import write_json
from foldline.kaggle.parcels import DATASET, NOTEBOOK

LONGEST_SLUG = 50
MACHINE = "NvidiaTeslaT4"
"""Two of them."""


def slug_of(competition: str) -> str:
    """Of the dataset and of the notebook: Kaggle takes 6 to 50 small letters, digits and hyphens."""
    slug = f"foldline-{re.sub('[^a-z0-9]+', '-', competition.lower()).strip('-')}"
    if len(slug) <= LONGEST_SLUG:
        return slug
    told_apart = hashlib.sha256(slug.encode()).hexdigest()[:6]
    return f"{slug[: LONGEST_SLUG - 7].rstrip('-')}-{told_apart}"


def title_of(slug: str) -> str:
    """One of which Kaggle makes this very slug."""
    return slug.replace("-", " ")


def dataset_metadata(user: str, slug: str) -> dict[str, Any]:
    return {"title": title_of(slug), "id": f"{user}/{slug}", "licenses": [{"name": "other"}]}


def kernel_metadata(user: str, slug: str, competition: str, code_file: str, image: str | None) -> dict[str, Any]:
    """Every key that the client reads, since its defaults are not all safe: without `enable_internet` it is on.

    image: the image's name for docker. Without one Kaggle keeps to the image that the first version of the notebook
    runs with.
    """
    return {
        "id": f"{user}/{slug}",
        "title": title_of(slug),
        "code_file": code_file,
        "language": "python",
        "kernel_type": "notebook",
        "is_private": True,
        "enable_gpu": True,
        "enable_tpu": False,
        "enable_internet": False,
        "machine_shape": MACHINE,
        "docker_image_pinning_type": "original",
        "docker_image": image,
        "dataset_sources": [f"{user}/{slug}"],
        "competition_sources": [competition],
        "kernel_sources": [],
        "model_sources": [],
        "keywords": [],
    }


VERIFY = """\
import hashlib
import os
import subprocess
import sys
from pathlib import Path

INPUTS = Path(os.environ.get("FOLDLINE_KAGGLE_INPUT", "/kaggle/input"))
WORKING = Path(os.environ.get("FOLDLINE_KAGGLE_WORKING", "/kaggle/working"))
SUMS = "{sums}"


def sha256(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


found = [path for place in ("*", "datasets/*/*") for path in sorted(INPUTS.glob(place + "/{name}"))]
BUNDLE = next((path.parent for path in found if sha256(path) == SUMS), None)
if BUNDLE is None:
    raise RuntimeError(f"the bundle {dataset} is not below {{INPUTS}}, or its {name} is not what was made: {{found}}")
lines = [line.split("  ", 1) for line in (BUNDLE / "{name}").read_text().splitlines()]
wrong = [name for digest, name in lines if not (BUNDLE / name).is_file() or sha256(BUNDLE / name) != digest]
if wrong:
    raise RuntimeError(f"missing or not what was made: {{', '.join(wrong)}}. Upload the bundle again.")
print(f"{{BUNDLE}}: {{len(lines)}} files as they were made")
"""
INSTALL = """\
packages = [
{packages}]
pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--find-links", str(BUNDLE)]
subprocess.run([*pip, *packages], check=True)
"""
PREDICT = """\
# One process per GPU. A picture that cannot be read is predicted as a blank one, and named.
out = WORKING / "submission.csv"
command = [sys.executable, "-m", "pipelines.bundled", "--bundle", BUNDLE, "--inputs", INPUTS, "--out", out]
subprocess.run(command, check=True, cwd=WORKING, env={**os.environ, "FOLDLINE_PARENT": str(os.getpid())})
"""
SHOW = """\
with out.open() as file:
    print(*(next(file, "") for _ in range(5)), sep="")
"""


def prediction_notebook(competition: str, dataset: str, sums: str, packages: Mapping[str, str]) -> dict[str, Any]:
    """sums: the SHA-256 of the file SHA256SUMS, which vouches for all others. packages: by name their versions."""
    listed = "".join(f'    "{name}=={version}",\n' for name, version in packages.items())
    about = (
        f"# {competition}\n\nPredicts the test set by the models of the dataset `{dataset}`, which `foldline bundle` "
        "made. It needs no network. All that it does is in the dataset's wheel of foldline.\n"
    )
    return verifying(about, dataset, sums, INSTALL.format(packages=listed), PREDICT, SHOW)


def verifying(about: str, dataset: str, sums: str, *code: str) -> dict[str, Any]:
    """A notebook of these cells, behind one that verifies all files of the dataset."""
    verify = VERIFY.format(sums=sums, name=SUMS, dataset=dataset)
    return notebook_of([Cell("markdown", about), *(Cell("code", source) for source in (verify, *code))])


def write_unlisted(
    folder: Path, notebook: Mapping[str, Any], dataset: Mapping[str, Any], kernel: Mapping[str, Any]
) -> None:
    """What SHA256SUMS does not list: the notebook, which holds its hash, and the metadata, which the client does not
    upload."""
    for name, content in ((kernel["code_file"], notebook), (DATASET, dataset), (NOTEBOOK, kernel)):
        write_json(folder / name, dict(content), hashed=False)
