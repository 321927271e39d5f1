"""What `pip install` puts into an environment: all that a project needs, and nothing else."""

import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml
from packaging.metadata import Metadata

from tests.end_to_end.checkout import ROOT, copy_checkout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built of this checkout, as a source distribution first."""
    checkout, target = copy_checkout(tmp_path_factory.mktemp("checkout")), tmp_path_factory.mktemp("wheel")
    build = ("uv", "build", "--quiet", "--offline", "--no-build-isolation", "--python", sys.executable)
    uv = Path(sys.executable).with_name(build[0])
    subprocess.run([uv, *build[1:], "--out-dir", target, checkout], check=True)
    (built,) = target.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel: Path) -> Sequence[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_it_holds_both_packages_with_cards_their_functions_recipes_and_the_chain(names: Sequence[str]) -> None:
    ours = [path for path in (ROOT / "src").rglob("*") if path.suffix in (".py", ".html", ".css", ".js", ".txt")]
    code = [*ours, *(ROOT / "pipelines").glob("*.py")]
    data = [path for path in (ROOT / "pipelines").glob("*/*") if path.is_file() and path.suffix != ".pyc"]
    expected = {str(path.relative_to(ROOT)).removeprefix("src/") for path in (*code, *data)}
    assert {name for name in names if not name.startswith("foldline-")} == expected


def test_the_chain_in_it_is_the_chain_and_no_link(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read("pipelines/project/chain.yaml") == (ROOT / "dvc.yaml").read_bytes()


def test_it_is_licensed_and_says_what_it_needs(wheel: Path, names: Sequence[str]) -> None:
    (about,) = (name for name in names if name.endswith("/METADATA"))
    with zipfile.ZipFile(wheel) as archive:
        metadata = Metadata.from_email(archive.read(about))
    assert metadata.license_expression == "Apache-2.0"
    assert any(name.endswith("/licenses/LICENSE") for name in names)
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert (str(metadata.version), "Apache-2.0") == (citation["version"], citation["license"])
    ranges = {needed.name: str(needed.specifier) for needed in metadata.requires_dist or []}
    assert ranges["torch"] == ">=2.11"
    assert not {name: versions for name, versions in ranges.items() if "==" in versions}
