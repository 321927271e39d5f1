"""Time five steps, and say how long the experiment of params.yaml takes on this machine, and what is faster here.

What is timed is the very training of its first fold: model, augmentation, loaders, average, phases; and predictions
under all views. Says minutes per epoch, fold and run, and the memory at its peak. A run is that of `foldline train`: a
training for each visible GPU, side by side (`dvc repro` has them one after the other, each on all GPUs). Then it tries
another precision, order in memory, batch and number of loaders, one by one; proposes what is worthwhile, and times
that. With each it says what results are by it. Writes nothing.
Reads, of work/<slug>, what `dvc repro split dry_run` makes. Parameters: folds, prepare, pretext, train, predict.

foldline plan
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from foldline.files.places import Places
from foldline.files.refusal import Refusal, counted, shortened
from pipelines.answers import Answer
from pipelines.running import parser, read_settings, run
from pipelines.tables import print_columns, print_table

if TYPE_CHECKING:
    from foldline.experiment.plan import Speed

COLUMNS = ("images a second", "training", "prediction", "memory", "results")
BUSY = 1.5


def main() -> Answer:
    script = parser(__doc__)
    script.add_argument("--as-it-is", action="store_true", help="try no change")
    given, settings = script.parse_args(), read_settings()
    refuse_absent_tables(settings.places)
    # Heavy, and neither --help nor that needs any of it.
    from foldline.experiment.plan import AS_IT_IS, WORTHWHILE, proposals
    from pipelines.planned import changes_here, pretext_seconds, read_planned, seconds_of_run

    planned = read_planned(settings)
    print("Timing the experiment as it is.", flush=True)
    times, pretext = planned.times(), pretext_seconds(settings, planned)
    seconds, time = seconds_of_run(settings, planned, times, pretext), times.phases[planned.longest][1]
    before = planned.speed(AS_IT_IS, time, times.prediction_seconds)
    facts = {
        "a step": f"{time.step_seconds:.3g} seconds, {time.waiting_seconds / time.step_seconds:.0%} of it for images",
        "images a second": f"{before.learned:.3g} in training, {before.predicted:.3g} in prediction, under all views",
        **{f"minutes per {of}": f"{one / 60:.1f}" for of, one in seconds.items()},
        "at once": f"{counted(planned.slots, 'training', 'trainings')}, in slots of `foldline train`",
        "memory": f"{gigabytes(before)} in {counted(times.processes, 'process', 'processes')} of each",
    }
    print_table(f"{settings.slug}, as it is", facts)
    if time.unevenness > BUSY:
        print(
            f"One step took {time.unevenness:.1f} times as long as another: with such noise do not trust differences."
        )
    said: dict[str, Any] = {
        "seconds": seconds,
        "at_once": planned.slots,
        "time": asdict(time),
        "as_it_is": asdict(before),
    }
    if given.as_it_is:
        return said
    tried, proposed = [], []
    for change in changes_here(planned):
        print(f"Timing {change.words}", flush=True)
        tried.append(planned.tried(change))
    print_columns(COLUMNS, [line(one) for one in (before, *tried)])
    for change in proposals(before, tried):
        other = planned.with_values(change.values)
        taken = seconds_of_run(settings, other, other.times(), pretext)["run"]
        if taken * WORTHWHILE > seconds["run"]:  # its steps are faster, but they are little of a run
            continue
        proposed.append({"values": change.values, "results": change.effect, "run_seconds": taken})
        minutes = f"{taken / 60:.1f} minutes per run, not {seconds['run'] / 60:.1f}"
        print(f"{change.options}\n  {minutes}; results: {change.effect}")
    if not proposed:
        print("Nothing that was tried is worthwhile here.")
    return {**said, "tried": list(map(asdict, tried)), "proposed": proposed}


def refuse_absent_tables(places: Places) -> None:
    tables = (places.rows, places.targets, places.images, places.classes, places.pixels, places.folds, places.training)
    absent = next((path for path in (*tables, places.weights, places.dry_run) if not path.exists()), None)
    if absent is not None:
        raise Refusal(f"{absent} is not there, and the very training is timed. Run `dvc repro split dry_run` first.")


def line(speed: "Speed") -> Sequence[str]:
    shown = (f"{one:.3g}" if one else "" for one in (speed.learned, speed.predicted))
    return speed.change.words, *shown, gigabytes(speed), shortened(speed.refusal, 60) or speed.change.effect


def gigabytes(speed: "Speed") -> str:
    return f"{speed.peak_bytes / 1e9:.2f} GB" if speed.peak_bytes else ""


if __name__ == "__main__":
    run(main)
