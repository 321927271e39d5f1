"""Foldline: Kaggle image competitions from download to a scored submission."""

import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pipelines.answers import Answer

# No import of what is not needed to print the index: it is there within a tenth of a second.


class Command(NamedTuple):
    script: str
    """The module below `pipelines`: `foldline NAME ...` is `python -m pipelines.SCRIPT ...`."""
    line: str
    is_of_a_project: bool = True
    """Whether it makes sense in a project's folder alone."""


COMMANDS = {
    "init": Command("init", "make a project's folder, ready to run", False),
    "new": Command("new", "write a first card from a competition's files"),
    "doctor": Command("doctor", "what a card makes of its data; a first experiment"),
    "download": Command("download", "fetch the competition's files, or take yours"),
    "local-kaggle": Command("local_kaggle", "rehearse with the kaggle client, no account needed", False),
    "check": Command("check", "are params.yaml and the card valid, do they fit?"),
    "plan": Command("plan", "how long it takes here; what would be faster"),
    "preview": Command("preview", "a page to look at before training, with pictures"),
    "lr-find": Command("lr_find", "try learning rates for 200 steps, and draw the loss"),
    "train": Command("train_folds", "all stale folds and seeds, with the time left"),
    "notebook": Command("notebook", "train folds on Kaggle's GPUs, in its notebooks"),
    "collect": Command("collect", "take home what such a notebook has trained"),
    "study": Command("study", "train a grid of experiments; compare them on a page"),
    "features": Command("features", "what a model's stages make of rows, as arrays"),
    "report": Command("report", "a page of the run: scores, confusions, worst rows"),
    "runs": Command("runs", "all finished runs: what changed, what it scored"),
    "compare": Command("compare", "two runs, fold by fold: is the difference real?"),
    "tta": Command("choose_views", "which test-time augmentation views are worth it"),
    "blend": Command("blend", "one submission of several runs"),
    "plots-page": Command("plots_page", "the page that dvc plots show fills, for use offline", False),
    "predict": Command("predict_folder", "predict the pictures of any folder, to a csv", False),
    "bundle": Command("bundle", "models, wheels and a notebook, ready for Kaggle"),
    "check-submission": Command("check_submission", "check any csv as the grader would"),
    "submit": Command("submit", "upload the submission once, and read its score"),
    "ledger": Command("ledger", "every upload ever made, and its score"),
    "repair": Command("repair", "mend what a kill or a failing disk has left"),
}

INDEX: dict[str, tuple[str | tuple[str, str], ...]] = {
    "Start a project": ("init", "new", "download", "doctor", "local-kaggle"),
    "Look before training": ("check", "preview", "plan", "lr-find"),
    "Run": (
        ("dvc repro", "what has changed, up to a checked submission"),
        "train",
        "notebook",
        "collect",
        "study",
        ("dvc exp run -S ...", "the same with a change: -S train.epochs=2"),
    ),
    "Look at results": (
        ("dvc metrics show", "the score, its standard error, the accuracy"),
        ("dvc exp show", "the same of all experiments, side by side"),
        ("dvc plots show", "curves, a colour per fold"),
        "report",
        "runs",
        "compare",
        "tta",
        "blend",
        "features",
        "plots-page",
    ),
    "Use the models": ("predict", "bundle"),
    "Submit": ("check-submission", "submit", "ledger"),
    "Mend": ("repair",),
}
"""The commands in groups, in the order of a project, and between them DVC's own with their lines."""


def main() -> None:
    words = sys.argv[1:]
    if words in ([], ["-h"], ["--help"], ["help"]):
        _say(index())
    elif words == ["--version"]:
        from importlib.metadata import version

        _say(f"foldline {version('foldline')}")
    else:
        from pipelines.running import run

        run(lambda: _dispatch(words))


def _say(text: str) -> None:
    """At once: what ends other commands well takes longer to import than this to say."""
    try:
        print(text, flush=True)
    except OSError:
        from pipelines.running import run

        run(lambda: print(text))  # ends as they do


def index() -> str:
    lines = [f"{__doc__}", "usage: foldline COMMAND ...        foldline COMMAND --help explains it"]
    for title, entries in INDEX.items():
        lines += ["", title]
        for entry in entries:
            name, line = (f"foldline {entry}", COMMANDS[entry].line) if isinstance(entry, str) else entry
            lines.append(f"  {name:<27}{line}")
    return "\n".join([*lines, "", "Each command answers --json with one JSON object."])


def _dispatch(words: list[str]) -> "Answer | None":
    from foldline.files.refusal import Refusal, listed, suggestion

    name, *arguments = words
    if name == "--json":
        return {"commands": {name: command.line for name, command in COMMANDS.items()}}
    if name not in COMMANDS:
        raise Refusal(
            f"`{name}` is not a command.{suggestion(name, COMMANDS)} Choose from {listed(COMMANDS, len(COMMANDS))}."
        )
    command = COMMANDS[name]
    if command.is_of_a_project and not {"-h", "--help"} & {*arguments}:
        _refuse_elsewhere(name)
    # The script's own parser reads these, and calls itself so.
    sys.argv = [f"foldline {name}", *arguments]
    return import_module(f"pipelines.{command.script}").main()


def _refuse_elsewhere(name: str) -> None:
    from foldline.files.refusal import Refusal

    here = Path.cwd()
    root = next((folder for folder in (here, *here.parents) if (folder / "dvc.yaml").is_file()), None)
    if root is None:
        raise Refusal(
            f"`foldline {name}` works in a project's folder, and {here} is not one (it has no dvc.yaml). "
            "Go to yours, or make one: foldline init DIR"
        )
    if root != here:
        raise Refusal(f"`foldline {name}` works in the project's folder: cd {root}")


if __name__ == "__main__":
    main()
