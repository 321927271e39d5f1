"""What the documents name exists: files, folders, links, commands, and keys by their present names."""

import re
from pathlib import Path

import pytest
import yaml

from foldline.params.former_names import FORMER_NAMES
from pipelines.__main__ import COMMANDS
from pipelines.project_files import FILES

REPOSITORY = Path(__file__).parents[2]
DOCUMENTS = sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/*.md")])
SOURCES = ("src", "pipelines", "tests", "benchmarks", "docs")
PATHS = [path for source in SOURCES for path in [REPOSITORY / source, *(REPOSITORY / source).rglob("*")]]
EXAMPLES = {"NAME.py", "mine.py"}
"""Files that a reader is to write."""
MADE_BY_STAGES = {"pretext", "work", "input", "submissions", "ensemble", "clip", "train", "predict"}

every_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)


@every_document
def test_files_and_folders_exist(document: Path) -> None:
    code = re.findall(r"`([^`\n]+)`", document.read_text())
    named = [name for span in code for name in re.findall(r"(?<![\w<>/])[\w./*-]+\.py\b", span)]
    named += re.findall(r"# in ([\w/]+\.py)\b", document.read_text())
    named += [span for span in code if re.fullmatch(r"[\w./-]+/", span) and span.split("/")[0] not in MADE_BY_STAGES]
    assert [name for name in named if Path(name).name not in EXAMPLES and not _exists(name)] == []


def test_files_that_the_code_names_exist() -> None:
    """In docstrings and comments, which no import holds to what there is."""
    sources = [path for path in PATHS if path.suffix == ".py" and path.relative_to(REPOSITORY).parts[0] != "tests"]
    named = {
        (path.name, name)
        for path in sources
        for name in re.findall(r"(?<![\w<>/{*.])(?:[a-z_0-9]+/)*[a-z_0-9]+\.py\b", path.read_text())
    }
    unknown = sorted(pair for pair in named if not _exists(pair[1]))
    # A person's own files may be called so.
    assert unknown == [("own.py", "json.py"), ("own.py", "torch.py")]


def _exists(name: str) -> bool:
    return any(path.match(name) for path in PATHS)


def test_pages_that_the_code_names_lie_in_every_project() -> None:
    """A message or a recipe names them where there is no checkout; so do these pages each other."""
    folders = ("src", "pipelines")
    code = [p for p in PATHS if p.suffix in (".py", ".yaml") and p.relative_to(REPOSITORY).parts[0] in folders]
    named = {name for path in code for name in re.findall(r"docs/[\w-]+\.md", path.read_text())}
    pages = {name for name in FILES if name.startswith("docs/")}
    named |= {
        f"docs/{name}" for page in pages for name in re.findall(r"\]\(([\w-]+\.md)", Path(REPOSITORY, page).read_text())
    }
    assert named == pages


@every_document
def test_links_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", re.sub(r"`[^`\n]*`", "", document.read_text()))
    assert [link for link in links if not (document.parent / link).exists()] == []


@every_document
def test_commands_exist(document: Path) -> None:
    text = document.read_text()
    commands = set(re.findall(r"(?:^|`)foldline ([a-z][\w-]*)", text, re.MULTILINE))
    modules = set(re.findall(r"python -m ((?:pipelines|benchmarks|tests)\.[\w.]*\w)", text))
    targets = set(re.findall(r"(?:^|`)make ([a-z][\w-]*)", text, re.MULTILINE))
    known_targets = re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)
    assert commands - set(COMMANDS) == set()
    assert targets - set(known_targets) == set()
    assert [module for module in modules if not _is_module(module)] == []


def _is_module(name: str) -> bool:
    path = REPOSITORY.joinpath(*name.split("."))
    return path.with_suffix(".py").exists() or (path / "__main__.py").exists()


@every_document
def test_yaml_uses_present_names(document: Path) -> None:
    """In yaml blocks and in yaml within a line. A former name may be the present one of something else."""
    if document.name == "CHANGELOG.md":
        return  # It says what was renamed.
    text = document.read_text()
    blocks = re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    spans = re.findall(r"`([^`\n]*: [^`\n]*)`", text)
    files = [*REPOSITORY.glob("pipelines/*/*.yaml")]
    present = {name for file in files for name in _keys_and_kinds(file.read_text())}
    assert {name for text in [*blocks, *spans] for name in _keys_and_kinds(text)} & set(FORMER_NAMES) - present == set()


def test_the_card_with_all_keys_is_a_shipped_one() -> None:
    text = (REPOSITORY / "docs/new-competition.md").read_text()
    shown = yaml.safe_load(re.findall(r"^```yaml\n(slug: .*?)^```", text, re.MULTILINE | re.DOTALL)[0])
    assert shown == yaml.safe_load((REPOSITORY / f"pipelines/competitions/{shown['slug']}.yaml").read_text())


def _keys_and_kinds(text: str) -> set[str]:
    return set(re.findall(r"(\w+):", text)) | set(re.findall(r"kind: (\w+)", text))
