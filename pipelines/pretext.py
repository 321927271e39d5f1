"""Let the one backbone that all folds begin with learn from images alone, or go on where an earlier run was stopped.

Reads, of work/<slug>: rows.parquet, targets.npy, images.parquet, classes.json, folds.csv, pixels.json (and the pixel
cache), weights.safetensors.
Writes pretext/trained/: history.csv, and epoch<n>.safetensors for each epoch that is to be probed; a marker where
nothing is learned, or where each fold has a backbone of its own (`images: fold`), which `pretext_choice` trains. Of
targets.npy it only looks whether probes will have classes to tell apart. Starts one process per visible GPU
($FOLDLINE_PROCESSES says otherwise), and keeps checkpoints until it is done, as `train` does.
Parameters: pretext, train.model. Card: symmetries.
"""

from foldline.training.launching import launch
from foldline.training.pretext import Pretexts
from foldline.training.pretext_marker import write_marker
from pipelines.answers import Answer
from pipelines.running import launched_arguments, parser, read_settings, run


def train() -> None:
    from pipelines.pretext_training import learn_once  # Heavy; neither --help nor the launching process needs it.

    learn_once(read_settings())


def main() -> Answer:
    parser(__doc__).parse_args()
    settings = read_settings()
    pretext, folder = settings.section("pretext", Pretexts).learned, settings.places.pretext
    if pretext is None or pretext.is_per_fold:
        write_marker(folder)
        return {"learned": False, "folder": folder}
    launch("pipelines.pretext", launched_arguments(), train)
    return {"learned": True, "folder": folder}


if __name__ == "__main__":
    run(main)
