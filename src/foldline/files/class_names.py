"""`classes.json`: the classes in the order of a model's outputs."""

from pathlib import Path

from foldline.files.refusal import Refusal
from foldline.files.whole_files import read_json, write_json


def read_classes(path: Path) -> tuple[str, ...]:
    classes = read_json(path)
    if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes) or not classes:
        raise Refusal(f"{path} must hold a list of class names. Run `dvc repro -f -s prepare`.")
    if len(set(classes)) < len(classes):
        raise Refusal(f"{path} names a class twice. Run `dvc repro -f -s prepare`.")
    return tuple(classes)


def write_classes(path: Path, classes: tuple[str, ...]) -> None:
    write_json(path, list(classes))
