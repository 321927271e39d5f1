"""The choice of what a fold's trainings begin with: what the stage `pretext_choice` does once a process is to work."""

from contextlib import nullcontext

from foldline.card.description import read_classes
from foldline.files.places import FoldName
from foldline.files.whole_files import whole_folder
from foldline.training.pretext_choice import Choosing, choose, described
from foldline.training.processes import start_accelerator
from pipelines.pixels import open_cache
from pipelines.pretext_training import images_to_probe, learned_section, learning, read_tables
from pipelines.running import Settings


def choose_for(settings: Settings, fold: FoldName) -> None:
    """Raises Refusal before any work where the fold's probes could not tell classes apart."""
    places, pretext, tables = settings.places, learned_section(settings), read_tables(settings)
    fitted, judged = images_to_probe(settings, tables, fold)
    accelerator = start_accelerator(pretext.precision)
    of_fold = learning(settings, tables, fold, "pipelines.pretext_choice", accelerator) if pretext.is_per_fold else None
    with of_fold or nullcontext() as write:
        if not accelerator.is_main_process:
            return
        classes, pixels = read_classes(places.classes), open_cache(places)
        choosing = Choosing(pretext, pixels, fitted, judged, classes, accelerator.device)
        with whole_folder(places.pretext_choice(fold)) as folder:
            if write is not None:
                write(folder)
            found = choose(folder, places.pretext if write is None else folder, choosing)
    print(described(fold, found))
