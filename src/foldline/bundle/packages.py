"""Which packages a bundle brings: those that prediction needs and the notebook's image lacks, as wheels."""

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from urllib.parse import unquote

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import Version

from foldline.files.refusal import Refusal, listed

SHIPPED = Path(__file__).with_name("kaggle-image-2026-11-30.txt")
UNUSED = (
    "aiohttp", "albumentations", "dvc", "grimp", "jinja2", "kaggle", "requests", "rich", "scikit-learn", "six",
    "vl-convert-python",
)  # fmt: skip
"""Of pyproject.toml's: nothing of theirs is imported between pictures and a csv."""
OF_THE_IMAGE = ("torch", "torchvision")
"""Gigabytes, and made for the image's drivers: never shipped."""
EXTRAS = {"dicom": (".dcm", ".dicom"), "hdf5": (".h5", ".hdf5"), "seven-zip": (".7z",), "tiff": (".tif", ".tiff")}
"""What only some files need, by their suffixes."""
PLATFORMS = ("manylinux2014_x86_64", "manylinux_2_28_x86_64", "linux_x86_64")
HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
HEADER = re.compile(r"#\s*(python|image)\s*:\s*(.+)")
WITHOUT = re.compile(r"(?:No matching distribution found for|satisfies the requirement) (\S+)")


@dataclass(frozen=True)
class Image:
    """A notebook's image: what `pip freeze` said there."""

    file: Path
    packages: Mapping[str, Version]
    pythons: tuple[str, ...]
    reference: str | None
    """Its name for docker, to be pinned to; None leaves that to Kaggle."""

    def has(self, requirement: Requirement) -> bool:
        found = self.packages.get(canonicalize_name(requirement.name))
        return found is not None and requirement.specifier.contains(found, prereleases=True)


def read_image(file: Path) -> Image:
    """Of the lines of `pip freeze`; `# python: 3.12` and `# image: NAME` may be among them. Raises Refusal when it
    holds no package."""
    if not file.is_file():
        raise Refusal(f"{file} does not exist. Write it in a Kaggle notebook: !pip freeze > {file.name}")
    lines = file.read_text(encoding="utf-8").splitlines()
    said = {found[1]: found[2].strip() for line in lines if (found := HEADER.match(line))}
    packages = dict(filter(None, map(_package, lines)))
    if not packages:
        raise Refusal(f"{file} names no package (numpy==2.0.2). Write it in a notebook: !pip freeze > {file.name}")
    pythons = said.get("python") or ("" if file == SHIPPED else " ".join(read_image(SHIPPED).pythons))
    return Image(file, packages, tuple(pythons.split()), said.get("image"))


def _package(line: str) -> tuple[str, Version] | None:
    """Its name and version; None for what is neither, and for a package of which no version is told."""
    try:
        if " @ " in line:
            name, found, *_ = parse_wheel_filename(unquote(line.rpartition("/")[2].partition("#")[0]))
            return name, found
        requirement = Requirement(line.partition("#")[0].strip())
        return canonicalize_name(requirement.name), Version(next(iter(requirement.specifier)).version)
    except (InvalidRequirement, InvalidWheelFilename, StopIteration, ValueError):
        return None


def needed(files: Iterable[str]) -> list[Requirement]:
    """Foldline's own requirements for such files; of the packages that only some files need those that are installed
    here, since not every file of a format needs them."""
    suffixes = {Path(name).suffix.lower() for name in files}
    extras = [extra for extra, ours in EXTRAS.items() if suffixes.intersection(ours)]
    all_of_them = requirements("foldline", ("", *extras))
    wanted = [one for one in all_of_them if canonicalize_name(one.name) not in UNUSED]
    return [one for one in wanted if one.marker is None or installed_version(one.name)]


def installed_version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def requirements(name: str, extras: Sequence[str], python: str = HERE) -> Iterator[Requirement]:
    """Those that an installed distribution has with this Python, an image's or the one here."""
    for requirement in map(Requirement, requires(name) or ()):
        environments = (
            {"extra": extra, "python_version": python, "python_full_version": f"{python}.0"} for extra in extras
        )
        if requirement.marker is None or any(map(requirement.marker.evaluate, environments)):
            yield requirement


def lacking(image: Image, wanted: Sequence[Requirement]) -> dict[str, str]:
    """The packages that the image has not, or not in the versions asked for, and what these need in turn: as they are
    installed here. Raises Refusal where torch is one of them, and for one that is not installed here."""
    found: dict[str, str] = {}
    waiting = list(wanted)
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name in found or image.has(requirement):
            continue
        if name in OF_THE_IMAGE:
            there = image.packages.get(name)
            raise Refusal(
                f"{image.file}: the image has {f'{name} {there}' if there else f'no {name}'}, and {requirement} is "
                "needed. It is too large to be shipped, and made for the image's drivers: choose a newer image in the "
                "notebook's settings, write its `pip freeze` into a file, and name that by --image-freeze."
            )
        here = installed_version(name)
        if here is None:
            raise Refusal(f"{requirement} is needed in the notebook and not installed here. Install it, too.")
        found[name] = here
        for python in image.pythons:
            waiting += requirements(name, ("", *requirement.extras), python)
    return dict(sorted(found.items()))


def fetch(packages: Mapping[str, str], image: Image, folder: Path) -> None:
    """Their wheels for each Python that the image may have, as pip finds them. Raises Refusal for a package without a
    wheel: Kaggle would unpack a .tar.gz, and a notebook without network cannot build it."""
    if not packages:
        return
    pinned = [f"{name}=={found}" for name, found in packages.items()]
    platforms = [word for platform in PLATFORMS for word in ("--platform", platform)]
    for python in image.pythons:
        of_image = ["--python-version", python, "--implementation", "cp", *platforms]
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", *of_image]
        ended = subprocess.run([*command, "--dest", str(folder), *pinned], capture_output=True, text=True)
        if ended.returncode:
            raise _without_wheel(ended.stderr.strip(), python)


def _without_wheel(said: str, python: str) -> Refusal:
    names = [*dict.fromkeys(WITHOUT.findall(said))]
    if not names:
        last = said.splitlines()[-1] if said else "pip said nothing"
        return Refusal(f"the wheels for the notebook could not be fetched: {last}. Mend this, and run it again.")
    return Refusal(
        f"{listed(names)}: no wheel was found for Python {python} on Linux, and a notebook without network cannot "
        f"build one. Build it where that Python is (`pip wheel --no-deps {names[0]} --wheel-dir wheels`) and run the "
        "same command again with PIP_FIND_LINKS=wheels. Or, if the notebook's image has the package or another Python, "
        "write its `pip freeze` into a file (first line `# python: 3.12`) and name that by --image-freeze."
    )


def refuse_unmet(files: Iterable[str]) -> None:
    """Raises Refusal when this environment, a notebook's, lacks what prediction needs: the list that the bundle was
    made for was of another image."""
    unmet = []
    for requirement in needed(files):
        found = installed_version(requirement.name)
        if found is None or not requirement.specifier.contains(found, prereleases=True):
            unmet.append(f"{requirement} (here: {found or 'none'})")
    if unmet:
        raise Refusal(
            f"this environment does not have what the bundle needs: {listed(unmet)}. In a notebook with this image run "
            "`!pip freeze > freeze.txt`, and make the bundle again: foldline bundle --image-freeze freeze.txt"
        )
