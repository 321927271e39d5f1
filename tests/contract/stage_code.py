"""What a stage must list: the files of ours that its script imports, however deep, and of the section `train` all
parameters but the seeds; as a command, writes them into the dvc.yaml files.

python -m tests.contract.stage_code
"""

from pathlib import Path
from typing import Any

import grimp
from ruamel.yaml import YAML

from foldline.training.section import Train

PIPELINES = (Path("dvc.yaml"), Path("submissions/dvc.yaml"))
# Editing our code must not download again; what these two wrote is checked when it is read.
WITHOUT_CODE = {"download", "weights"}
# One more seed must not train the others again, and DVC cannot track a section but for a key.
TRAIN_PARAMS = [f"train.{key}" for key in Train.model_fields if key != "seeds"]


def code_of(stage: str, graph: grimp.ImportGraph) -> list[str]:
    """The files that `pipelines.<stage>` imports, its own first, packages' empty `__init__` files left out."""
    script = f"pipelines.{stage}"
    modules = graph.find_upstream_modules(script)
    files = (Path("src" if module.startswith("foldline") else ".", *module.split(".")) for module in sorted(modules))
    return [f"pipelines/{stage}.py", *(f"{file}.py" for file in files if not file.is_dir())]


def is_code(dependency: str) -> bool:
    return dependency.endswith(".py")


def is_card(entry: str | dict[str, Any]) -> bool:
    """Of the entries of `params`: those that are no keys of params.yaml."""
    return not isinstance(entry, str)


def import_graph() -> grimp.ImportGraph:
    return grimp.build_graph("foldline", "pipelines", cache_dir=None)


def write() -> None:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 200
    yaml.indent(mapping=2, sequence=4, offset=2)
    graph = import_graph()
    for path in PIPELINES:
        content: dict[str, Any] = yaml.load(path)
        for stage, description in content["stages"].items():
            data = [dependency for dependency in description.get("deps", []) if not is_code(dependency)]
            code = [] if stage in WITHOUT_CODE else code_of(stage, graph)
            if "deps" in description:
                description["deps"] = [*code, *data]
            else:
                description.insert(list(description).index("cmd") + 1, "deps", [*code, *data])
            if stage == "train":
                description["params"] = [*TRAIN_PARAMS, *(entry for entry in description["params"] if is_card(entry))]
        yaml.dump(content, path)


if __name__ == "__main__":
    write()
