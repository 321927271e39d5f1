"""Say what the code of each stage means: a digest each, which changes where what the stage computes could differ.

Reads the source files below src/ and pipelines/, params.yaml and the card; and the files of your own that
these name (`kind: python`): an experiment's in input/own/, a card's next to it. Writes work/code.json. Each stage but
`download` and `weights` depends on its own digest alone: comments and docstrings make nothing stale. `dvc repro -s`
of one stage sees edited code only after this stage ran: `dvc repro split dry_run pretext_choice` once, and then single
folds.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from foldline.files.places import CODE
from foldline.files.whole_files import write_json
from foldline.params.code_digests import own_files, own_graph, script_digests
from foldline.params.yaml_files import read_yaml
from pipelines.answers import Answer
from pipelines.running import parser, read_settings, run

PIPELINES = (Path("dvc.yaml"), Path("submissions/dvc.yaml"))


def main() -> Answer:
    parser(__doc__).parse_args()
    settings = read_settings()
    folders = {settings.params: Path(), settings.card: settings.card.parent}
    scripts: dict[str, list[Path]] = {}
    for stage, entries in stages_with_code():
        sections = [(file, key) for file, keys in _sections(entries, settings.slug) for key in keys if file in folders]
        named = {path for file, key in sections for path in own_files(file, key, folders[file])}
        scripts[f"pipelines.{stage}"] = sorted(named)
    digests = script_digests(scripts, own_graph())
    answer = {"code": {script.removeprefix("pipelines."): one for script, one in digests.items()}}
    write_json(CODE, answer, hashed=False)
    return answer


def stages_with_code() -> Iterator[tuple[str, list[Any]]]:
    """The stages that depend on a digest, with their `params` as dvc.yaml has them."""
    for path in PIPELINES:
        for stage, description in read_yaml(path)["stages"].items():
            entries = description.get("params", [])
            if any(isinstance(entry, dict) and CODE.as_posix() in entry for entry in entries):
                yield stage, entries


def _sections(entries: list[Any], slug: str) -> Iterator[tuple[Path, list[str]]]:
    """By file, the keys that a stage tracks; an empty key is all of the file."""
    for entry in entries:
        if isinstance(entry, str):
            yield Path("params.yaml"), [entry]
            continue
        for file, keys in entry.items():
            yield Path(file.replace("${competition}", slug)), keys or [""]


if __name__ == "__main__":
    run(main)
