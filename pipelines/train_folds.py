"""Train all stale folds and seeds through one queue, and predict with each.

First brings up to date what training depends on (`dvc repro split dry_run pretext_choice`), one after the other;
backbones that folds learn for themselves (`pretext.images: fold`) share the slots as trainings do. Then each stale
fold and seed of the experiment gets `dvc --wait-for-lock repro -s train@FOLD-SEED predict@FOLD-SEED`: one for each
GPU, side by side; without GPUs one at a time, or in --slots that share the processor's threads. Shows how far each is,
and the time left for all. When one fails the others go on. Logs lie in work/<competition>/logs/. Afterwards `dvc repro`
computes the submission.

foldline train
foldline train --gpus 0,1,2,3 --gpus-per-fold 2
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from functools import partial

from foldline.fan_out.display import Display
from foldline.fan_out.queue import Ended, Environment, Item, run_queue
from foldline.fan_out.slots import add_slots, chosen_slots
from foldline.files.parent import die_with_parent
from foldline.files.places import FoldName
from foldline.files.refusal import Refusal, counted
from foldline.training.pretext import Pretexts
from pipelines.answers import Answer
from pipelines.running import Settings, parser, read_settings, run

DVC = (sys.executable, "-m", "dvc")
BEFORE = ("split", "dry_run")
CHOICE = "pretext_choice"
"""With BEFORE, the stages whose outs training reads; they run all others before it."""


def main() -> Answer:
    arguments = parser(__doc__)
    add_slots(arguments)
    settings, slots = read_settings(), chosen_slots(arguments.parse_args())
    pretext = settings.section("pretext", Pretexts).learned
    if len(slots) > 1 and pretext is not None and pretext.is_per_fold:
        bring_up_to_date((*BEFORE, "pretext"))
        backbones = [(f"pretext, fold {fold}", (f"{CHOICE}@{fold}",)) for fold in folds(settings)]
        train_stale(settings, backbones, slots)
    else:
        bring_up_to_date()
    seeds = settings.section("train.seeds", list[int])
    trainings = [
        (f"fold {fold}, seed {seed}", (f"train@{fold}-{seed}", f"predict@{fold}-{seed}"))
        for seed in seeds
        for fold in folds(settings)
    ]
    ended = train_stale(settings, trainings, slots)
    print(f"{counted(len(ended), 'training', 'trainings')} done, all folds are up to date\nnext: dvc repro")
    return {"trained": [{"name": one.item.name, "seconds": round(one.seconds, 1)} for one in ended]}


def folds(settings: Settings) -> list[FoldName]:
    return settings.section("folds", list[FoldName])


def bring_up_to_date(stages: Sequence[str] = (*BEFORE, CHOICE)) -> None:
    """All that training reads."""
    if run_dvc("repro", *stages).returncode:
        raise Refusal(f"`dvc repro {' '.join(stages)}` failed, so nothing was trained. What it said is above.")


def train_stale(
    settings: Settings, named: Sequence[tuple[str, Sequence[str]]], slots: Sequence[Environment]
) -> list[Ended]:
    """Run those of the named groups of stages that are not up to date. Raises Refusal when one of them fails."""
    asked = run_dvc("status", "--json", stdout=subprocess.PIPE)
    if asked.returncode:
        raise Refusal("`dvc status` failed, so no fold was trained. What it said is above.")
    changed = json.loads(asked.stdout)
    items = [training(settings, name, stages) for name, stages in named if {*stages} & {*changed}]
    with Display(len(items), len(slots)) as display:
        ended = run_queue(items, slots, display)
    failed = [one.item.name for one in ended if not one.is_done]
    if failed:
        raise Refusal(
            f"{counted(len(failed), 'training', 'trainings')} of {len(items)} failed: {'; '.join(failed)}. The others "
            f"are done. The logs in {settings.places.logs} say why: mend that, and run the same command again."
        )
    return ended


def run_dvc(*words: str, stdout: int | None = None) -> "subprocess.CompletedProcess[str]":
    """It ends with this process, and what it started ends with it."""
    return subprocess.run([*DVC, *words], stdout=stdout, text=True, preexec_fn=partial(die_with_parent, os.getpid()))


def training(settings: Settings, name: str, stages: Sequence[str]) -> Item:
    of_one = settings.places.logs / name.replace(", ", "-").replace(" ", "")
    return Item(
        name=name,
        command=(*DVC, "--wait-for-lock", "repro", "-s", *stages),
        folder=settings.places.root,
        log=of_one.with_suffix(".log"),
        progress=of_one.with_suffix(".progress.json"),
    )


if __name__ == "__main__":
    run(main)
