"""Which packages a bundle brings, and foldline's own wheel."""

import subprocess
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from foldline.bundle import packages
from foldline.bundle.own_wheel import write_wheel
from foldline.bundle.packages import SHIPPED, UNUSED, Image, fetch, lacking, needed, read_image, refuse_unmet
from foldline.files.refusal import Refusal

FREEZE = """\
# python: 3.12
# image: gcr.io/kaggle-gpu-images/python@sha256:0123
numpy==2.0.2
torch==2.11.0+cu124
Pillow @ file:///build/pillow-11.1.0-cp312-cp312-linux_x86_64.whl#sha256=abc
-e git+https://example.org/x#egg=x
oddity @ file:///home/build/oddity
"""


def image(tmp_path: Path, text: str = FREEZE) -> Image:
    (tmp_path / "freeze.txt").write_text(text)
    return read_image(tmp_path / "freeze.txt")


def test_a_freeze_is_read_whatever_its_lines_look_like(tmp_path: Path) -> None:
    found = image(tmp_path)
    assert found.packages == {
        "numpy": Version("2.0.2"), "torch": Version("2.11.0+cu124"), "pillow": Version("11.1.0")
    }  # fmt: skip
    assert found.pythons == ("3.12",)
    assert found.reference == "gcr.io/kaggle-gpu-images/python@sha256:0123"
    assert found.has(Requirement("torch>=2.11"))
    assert not found.has(Requirement("numpy>=2.1"))


def test_the_list_that_is_shipped_says_that_it_is_approximate_and_has_torch() -> None:
    found = read_image(SHIPPED)
    assert "APPROXIMATE" in SHIPPED.read_text()
    assert {"torch", "torchvision", "numpy"} <= set(found.packages)
    assert found.reference is None
    assert len(found.pythons) > 1


def test_what_the_image_lacks_comes_with_what_it_needs_in_turn(tmp_path: Path) -> None:
    wanted = [Requirement(text) for text in ("jaxtyping>=0.3", "torch>=2.11", "numpy>=2")]
    assert lacking(image(tmp_path), wanted) == {
        "jaxtyping": version("jaxtyping"), "wadler-lindig": version("wadler-lindig")
    }  # fmt: skip


def test_what_only_some_files_need_is_needed_for_these_alone() -> None:
    def named(*files: str) -> set[str]:
        return {requirement.name for requirement in needed(files)}

    assert "timm" in named("a.jpg")
    assert not named("a.jpg", "b.dcm") & set(UNUSED)
    assert named("a.jpg", "b.xyz") == named("a.jpg")
    assert named("a.jpg", "b.DCM") - named("a.jpg") == {
        "pydicom", "pylibjpeg", "pylibjpeg-libjpeg", "pylibjpeg-openjpeg"
    }  # fmt: skip


def test_what_an_image_cannot_be_given_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"nothing.txt does not exist. Write it in a Kaggle notebook: !pip freeze"):
        read_image(tmp_path / "nothing.txt")
    with pytest.raises(Refusal, match=r"freeze.txt names no package \(numpy==2.0.2\)"):
        image(tmp_path, "# python: 3.12\n")
    with pytest.raises(Refusal, match=r"the image has torch 2.11.0\+cu124, and torch>=2.12 is needed. It is too large"):
        lacking(image(tmp_path), [Requirement("torch>=2.12")])
    with pytest.raises(Refusal, match=r"nobody-has-this>=1 is needed in the notebook and not installed here"):
        lacking(image(tmp_path), [Requirement("nobody-has-this>=1")])


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (
            "ERROR: Could not find a version that satisfies the requirement odd==1 (from versions: none)\n"
            "ERROR: No matching distribution found for odd==1",
            r"odd==1: no wheel was found for Python 3.12 on Linux, .*pip wheel --no-deps odd==1.*PIP_FIND_LINKS=wheels",
        ),
        ("ERROR: nobody answers", r"the wheels for the notebook could not be fetched: ERROR: nobody answers. Mend"),
    ],
)
def test_a_package_without_a_wheel_is_refused_with_the_cure(
    said: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = subprocess.CompletedProcess([], 1, "", said)
    monkeypatch.setattr(packages.subprocess, "run", lambda *command, **named: failed)
    with pytest.raises(Refusal, match=message):
        fetch({"odd": "1"}, image(tmp_path), tmp_path)


def test_a_notebook_of_another_image_is_told_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_unmet(["a.jpg"])
    monkeypatch.setattr(packages, "needed", lambda files: [Requirement("numpy>=900"), Requirement("nobody-has-this")])
    with pytest.raises(Refusal, match=r"numpy>=900 \(here: \d.*\), nobody-has-this \(here: none\). In a notebook"):
        refuse_unmet([])


def test_the_own_wheel_is_one_that_pip_installs_and_equal_each_time(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        name = write_wheel(tmp_path / folder)
    assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    target = tmp_path / "target"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target", str(target)]
    subprocess.run([*pip, str(tmp_path / "one" / name)], check=True)
    assert (target / "foldline/report/page.html").is_file()
    assert (target / "pipelines/project/gitignore").is_file()
    with zipfile.ZipFile(tmp_path / "one" / name) as wheel:
        assert not [entry for entry in wheel.namelist() if "__pycache__" in entry]


def test_what_is_said_to_be_unused_is_not_imported_on_the_way_from_pictures_to_a_csv() -> None:
    """Modules alone; the proof of a bundle runs without these packages."""
    code = (
        "import sys, pipelines.bundled, pipelines.bundled_models, foldline.training.networks\n"
        "from importlib.metadata import packages_distributions\n"
        "known = packages_distributions()\n"
        "print(*{name for module in sys.modules for name in known.get(module.split('.')[0], ())})"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(ended.stdout.split()) & set(UNUSED)
