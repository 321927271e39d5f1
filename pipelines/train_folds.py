"""Train all stale folds and seeds through one queue, and predict with each.

First brings up to date what training depends on (`dvc repro split dry_run pretext_choice`), one after the other;
backbones that folds learn for themselves (`pretext.images: fold`) share the slots as trainings do. Then each stale
fold and seed of the experiment gets `dvc --wait-for-lock repro -s train@FOLD-SEED predict@FOLD-SEED`: one for each
GPU, side by side; without GPUs one at a time, or in --slots that share the processor's threads; or, with --ray, on the
nodes of a Ray cluster, each in a clone of the last commit. Shows how far each is, and the time left for all. When one
fails the others go on. Logs lie in work/<competition>/logs/. Afterwards `dvc repro` computes the submission.

foldline train
foldline train --gpus 0,1,2,3 --gpus-per-fold 2
foldline train --ray auto
"""

from collections.abc import Sequence

from foldline.fan_out.display import Display
from foldline.fan_out.queue import Ended, Item, run_queue
from foldline.files.places import FoldName, Places
from foldline.files.refusal import Refusal, counted
from foldline.training.pretext import Pretexts
from pipelines.answers import Answer
from pipelines.dvc_command import DVC, changed_stages, run_dvc
from pipelines.running import Settings, parser, read_settings, run
from pipelines.training_place import Place, add_place, chosen_place

BEFORE = ("split", "dry_run")
CHOICE = "pretext_choice"
"""With BEFORE, the stages whose outs training reads; they run all others before it."""


def main() -> Answer:
    arguments = parser(__doc__)
    add_place(arguments)
    given, settings = arguments.parse_args(), read_settings()
    place = chosen_place(given, settings)
    pretext = settings.section("pretext", Pretexts).learned
    if len(place.slots) > 1 and pretext is not None and pretext.is_per_fold:
        bring_up_to_date((*BEFORE, "pretext"))
        backbones = [(f"pretext, fold {fold}", (f"{CHOICE}@{fold}",)) for fold in folds(settings)]
        train_stale(settings, CHOICE, backbones, place)
    else:
        bring_up_to_date()
    seeds = settings.section("train.seeds", list[int])
    trainings = [
        (f"fold {fold}, seed {seed}", (f"train@{fold}-{seed}", f"predict@{fold}-{seed}"))
        for seed in seeds
        for fold in folds(settings)
    ]
    ended = train_stale(settings, "train", trainings, place)
    print(f"{counted(len(ended), 'training', 'trainings')} done, all folds are up to date\nnext: dvc repro")
    return {"trained": [{"name": one.item.name, "seconds": round(one.seconds, 1)} for one in ended]}


def folds(settings: Settings) -> list[FoldName]:
    return settings.section("folds", list[FoldName])


def bring_up_to_date(stages: Sequence[str] = (*BEFORE, CHOICE)) -> None:
    """All that training reads."""
    if run_dvc("repro", *stages).returncode:
        raise Refusal(f"`dvc repro {' '.join(stages)}` failed, so nothing was trained. What it said is above.")


def train_stale(
    settings: Settings, first: str, named: Sequence[tuple[str, Sequence[str]]], place: Place
) -> list[Ended]:
    """Run those of the named groups of stages that are not up to date. Raises Refusal when one of them fails.

    first: the stage that each group begins with.
    """
    changed = changed_stages("no fold was trained")
    stale = {name: stages for name, stages in named if {*stages} & {*changed}}
    items = [training(settings.places, name, stages, place.attempts) for name, stages in stale.items()]
    if items:
        place.share(first)
    with Display(len(items), len(place.slots)) as display:
        ended = run_queue(items, place.slots, display, place.start)
    place.collect([stage for one in ended if one.is_done for stage in stale[one.item.name]])
    failed = [one.item.name for one in ended if not one.is_done]
    if failed:
        raise Refusal(
            f"{counted(len(failed), 'training', 'trainings')} of {len(items)} failed: {'; '.join(failed)}. The others "
            f"are done. The logs in {settings.places.logs} say why: mend that, and run the same command again."
        )
    return ended


def training(places: Places, name: str, stages: Sequence[str], attempts: int) -> Item:
    log = places.logs / f"{name.replace(', ', '-').replace(' ', '')}.log"
    command = (*DVC, "--wait-for-lock", "repro", "-s", *stages)
    return Item(name, command, places.root, log, attempts=attempts)


if __name__ == "__main__":
    run(main)
