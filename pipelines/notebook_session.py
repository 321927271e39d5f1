"""Train in a Kaggle notebook: what the cells of `foldline notebook` call, within the session.

Reads the dataset of `foldline notebook` and the competition's files; goes on from what an earlier version of the
notebook left below the inputs. Writes results/ and checkpoints/ to the working folder, for `foldline collect`. Stops
after --hours, with the last epochs' checkpoints.
"""

import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from foldline.bundle.training_notebook import INPUTS_FILE
from foldline.bundle.training_session import (
    CHECKPOINTS,
    is_whole,
    refuse_others,
    set_up,
    take_over,
    trainings_of,
    write_results,
)
from foldline.fan_out.display import Display
from foldline.fan_out.queue import Item, run_queue
from foldline.fan_out.slots import slots_of
from foldline.files.places import FoldName, Places
from foldline.files.whole_files import read_json
from pipelines.answers import Answer
from pipelines.running import parser, run


def main() -> Answer:
    arguments = parser(__doc__)
    for name in ("bundle", "inputs", "working"):
        arguments.add_argument(f"--{name}", metavar="FOLDER", type=Path, required=True)
    arguments.add_argument("--hours", type=float, required=True, help="after which trainings are stopped")
    given = arguments.parse_args()
    end = time.monotonic() + given.hours * 3600
    bundle, inputs, working = (path.resolve() for path in (given.bundle, given.inputs, given.working))
    written = read_json(bundle / INPUTS_FILE)
    with tempfile.TemporaryDirectory(prefix="foldline-") as project:
        places = Places(set_up(Path(project), bundle, inputs))
        os.chdir(project)
        subprocess.run([sys.executable, "-m", "pipelines.code"], check=True)
        refuse_others(places, written)
        take_over(places, written, inputs, working)
        os.environ["FOLDLINE_CHECKPOINTS"] = str(working / CHECKPOINTS)
        items = [_item(places, *one) for one in trainings_of(written) if not is_whole(places.predicted(*one))]
        slots = slots_of(None, None, None)
        over = "the session's hours are over"
        with Display(len(items), len(slots)) as display:
            run_queue(items, slots, display, stop=lambda _: over if time.monotonic() > end else None)
        done = write_results(places, written, working)
        os.chdir(working)
    left = [name for name in written if name not in done]
    print(f"done: {', '.join(done) or 'none'}" + (f"; the next version goes on with {', '.join(left)}" if left else ""))
    return {"done": done, "unfinished": left}


def _item(places: Places, fold: FoldName, seed: int) -> Item:
    stages = ("train", "predict")[is_whole(places.trained(fold, seed)) :]
    python = shlex.quote(sys.executable)
    words = [f"{python} -m pipelines.{stage} --fold {fold} --seed {seed}" for stage in stages]
    command, log = ("sh", "-c", " && ".join(words)), places.logs / f"fold{fold}-seed{seed}.log"
    return Item(f"fold {fold}, seed {seed}", command, Path.cwd(), log)


if __name__ == "__main__":
    run(main)
