"""The doctor's first experiment against recipes by hand, fastai's fine_tune and timm's loop, on rows held back.

All learn the same pixels from the same weights, on one thread. The last fold is held back; no training sees its
labels, and a temperature only those of other rows. The folder --work keeps what was made and measured: the same command
goes on where it stopped.

python -m benchmarks.rivals --board hand-signs.zip --group '{shot[0]}{shot[1]}' --symmetries horizontal_flip \\
    --weights lite0.pth --work rivals/hand-signs --epochs 3
"""

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.rivals.board import (
    MODEL,
    SLUG,
    SPEED_IMAGES,
    draw_unseen,
    export_pictures,
    make_environment,
    make_project,
    one_thread,
)
from benchmarks.rivals.scoring import scored, table

HERE = Path(__file__).resolve().parent
FROM_THE_STUDY = {
    "schedule": {"kind": "warmup_cosine", "warmup_epochs": 0.5, "start_factor": 0.05, "end_factor": 0.01},
    "optimizer.weight_decay": 0.05,
    "batch_size": 32,
    "micro_batch_size": 32,
}
"""The base of benchmarks/studies/transfer.yaml, as changes of the first experiment."""
BATCHES_OF_64 = {"batch_size": 64, "micro_batch_size": 64}
OURS: dict[str, dict[str, Any]] = {
    "first experiment": {},
    "by hand: the study's base": FROM_THE_STUDY,
    "by hand: no augmentation": FROM_THE_STUDY | {"augmentation": {"recipe": "none", "transforms": []}},
    "by hand: batches of 64": FROM_THE_STUDY | BATCHES_OF_64,
    "first experiment, backbone 0.002": {"learning_rates.backbone": 0.002},
    "first experiment, backbone 0.003": {"learning_rates.backbone": 0.003},
    "first experiment, smoothing 0.1": {"loss.smoothing": 0.1},
    "first experiment, warm-up and cosine": {"schedule": FROM_THE_STUDY["schedule"]},
    "first experiment, weight decay 0.05": {"optimizer.weight_decay": 0.05},
    "first experiment, smoothing 0.05": {"loss.smoothing": 0.05},
    "first experiment, no augmentation": {"augmentation": {"recipe": "none", "transforms": []}},
    "first experiment, batches of 64": BATCHES_OF_64,
    "the same, channels first": BATCHES_OF_64 | {"channels_last": False},
}
FOUR_FIFTHS = ("--part", "0.8")
"""Of the cache's sides, which are then 1.25 times the model's."""
SMALLER = {
    "four fifths of the size, whole images": FOUR_FIFTHS,
    "four fifths of the size, crops": (*FOUR_FIFTHS, "--crops", "0.64", "0.64"),
    "four fifths of the size, crops of any size": (*FOUR_FIFTHS, "--crops", "0.64", "1"),
}
"""The first experiment with a model of smaller images than are cached."""
THEIRS = {
    "fastai fine_tune": ("with_fastai.py",),
    "fastai fine_tune, lr_find": ("with_fastai.py", "--find-rate"),
    "timm's loop": ("with_timm.py",),
    "timm's loop, channels last": ("with_timm.py", "--channels-last"),
}
IN_TURNS = (
    "first experiment, batches of 64",
    "the same, channels first",
    "timm's loop",
    "timm's loop, channels last",
)
"""Whose speed is measured, in batches of 64 alike."""


@dataclass(frozen=True)
class Board:
    """Where everything of one board lies."""

    work: Path

    @property
    def project(self) -> Path:
        return self.work / "project"

    @property
    def pictures(self) -> Path:
        return self.work / "pictures"

    @property
    def results(self) -> Path:
        return self.work / "results.jsonl"

    @property
    def rates(self) -> Path:
        return self.work / "rates.jsonl"

    def predictions(self, contender: str, epochs: int, seed: int) -> Path:
        folder = self.work / "predictions"
        folder.mkdir(exist_ok=True)
        return folder / f"{contender}, {epochs} epochs, seed {seed}.npz"

    @property
    def environment(self) -> Path:
        """Of the rivals; boards share it."""
        return self.work.parent / "rivals-venv"

    def command(self, contender: str, epochs: int, seed: int, pictures: str) -> list[str]:
        how = ["--epochs", str(epochs), "--seed", str(seed)]
        if contender in OURS or contender in SMALLER:
            limit = ["--limit", str(SPEED_IMAGES)] if pictures == "speed" else []
            options = ["--changes", json.dumps(OURS.get(contender, {})), *SMALLER.get(contender, ()), *limit]
            return [sys.executable, "-m", "benchmarks.rivals.ours", *options, *how]
        script, *options = THEIRS[contender]
        weights = self.project / "work" / SLUG / "weights.safetensors"
        words = [str(HERE / script), *options, "--pictures", str(self.pictures / pictures), "--weights", str(weights)]
        return [str(self.environment / "bin" / "python"), *words, "--model", MODEL, *how]


def main() -> None:
    given = arguments()
    board = Board(given.work.resolve())
    make(board, given)
    for one in product(given.contenders, given.epochs, given.seeds):
        if one not in {(done["contender"], done["epochs"], done["seed"]) for done in read(board.results)}:
            append(board.results, trained(board, *one))
            print(table(read(board.results)[-1:])[-1], flush=True)
    if given.rounds:
        for rates in measured_in_turns(board, given.rounds):
            append(board.rates, rates)
    print("\n".join(table(sorted(read(board.results), key=lambda one: one["epochs"]))))
    for rates in read(board.rates):
        print({name: round(median(each), 1) for name, each in rates.items()})


def arguments() -> argparse.Namespace:
    script = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    script.add_argument("--board", type=Path, required=True, metavar="ZIP", help="a competition's files in one zip")
    script.add_argument("--group", help="the card's target.group: such rows are held back together")
    script.add_argument("--symmetries", nargs="*", default=[], help="the card's")
    script.add_argument("--folds", type=int, default=3, help="of which the last is held back (3)")
    script.add_argument("--rows", type=int, help="draw so many train rows that --seen has not (default: all)")
    script.add_argument("--side", type=int, metavar="PIXELS", help="of the cached images (default: the doctor's)")
    script.add_argument("--seen", type=Path, metavar="ZIP", help="a part of the board that recipes were chosen on")
    script.add_argument("--weights", type=Path, required=True, help=f"a .pth of {MODEL}, whatever its names")
    script.add_argument("--work", type=Path, required=True, help="a folder for all of it")
    script.add_argument("--epochs", type=int, nargs="*", default=[1, 3, 10])
    script.add_argument("--seeds", type=int, nargs="*", default=[0])
    everybody = [*OURS, *SMALLER, *THEIRS]
    script.add_argument("--contenders", nargs="*", default=everybody, choices=everybody, metavar="NAME")
    script.add_argument("--rounds", type=int, default=0, help="of turns in which speed is measured")
    return script.parse_args()


def make(board: Board, given: argparse.Namespace) -> None:
    if not board.project.exists():
        files = given.board.resolve()
        if given.rows:
            board.work.mkdir(parents=True)
            files = board.work / "drawn.zip"
            draw_unseen(given.board, files, given.rows, given.seen)
        make_project(board.project, files, given.weights, given.group, given.symmetries, given.folds, given.side)
    if not board.pictures.exists():
        export_pictures(board.project, board.pictures)
    if not board.environment.exists():
        make_environment(board.environment)


def trained(board: Board, contender: str, epochs: int, seed: int) -> dict[str, Any]:
    """Its scores, and what each epoch cost."""
    file = board.predictions(contender, epochs, seed)
    command = [*board.command(contender, epochs, seed, "all"), "--predictions", str(file)]
    done = subprocess.run(
        command, cwd=board.project, env=one_thread(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    if done.returncode:
        raise RuntimeError(f"{contender} failed:\n{done.stdout}")
    targets = np.array(json.loads((board.pictures / "labels.json").read_text()))
    scores = scored(targets, dict(np.load(file)))
    turns = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"images"')]
    return {"contender": contender, "epochs": epochs, "seed": seed, "scores": scores, "turns": turns}


def measured_in_turns(board: Board, rounds: int) -> list[dict[str, list[float]]]:
    """Images per processor second of each contender, round by round; the first is left out."""
    started = {name: start(board, name, rounds + 1) for name in IN_TURNS}
    rates: dict[str, list[float]] = {name: [] for name in started}
    for number in range(rounds + 1):
        for name, process in started.items():
            turn = take_turn(process)
            if number:
                rates[name].append(turn["images"] / turn["seconds"])
    for process in started.values():
        process.terminate()
        process.wait()
    return [rates]


def start(board: Board, contender: str, epochs: int) -> "subprocess.Popen[str]":
    command = board.command(contender, epochs, 0, "speed")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1}
    return subprocess.Popen(command, cwd=board.project, env=one_thread(), **pipes)


def take_turn(process: "subprocess.Popen[str]") -> dict[str, float]:
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write("\n")
    for line in process.stdout:
        if line.startswith('{"images"'):
            return json.loads(line)
    raise RuntimeError(f"{process.args} ended before its turn")


def read(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def append(file: Path, one: dict[str, Any]) -> None:
    with file.open("a") as lines:
        lines.write(json.dumps(one) + "\n")


if __name__ == "__main__":
    main()
