"""Write what each stage of a model's backbone makes of rows: float16 vectors, the means over the stages' maps.

What is there already is kept, what is damaged is made anew; `last` is what the head is given. One call is of one model:
that of a fold with its out-of-fold rows and the test rows, or the frozen pretrained backbone with all rows. Features of
several models lie in unlike directions, so nothing puts them together.
Reads rows.parquet, images.parquet, folds.csv, pixels.json and its cache, and the model's file, or weights.safetensors;
for --tsne targets.npy and classes.json, too.
Writes work/<slug>/features/<model>/<key>/<rows>/<view>/<stage>.npy; the key is of all that the numbers depend on, and
what an earlier key of the same model left is removed. With --tsne, <stage>.tsne.csv and a picture beside it.
Parameters: predict (precision, batch_size, workers), train.model. Processes: one per visible GPU, or
$FOLDLINE_PROCESSES.

foldline features --fold 0
foldline features --pretrained --rows train --stages layer3 last
foldline features --fold 0 --rows out_of_fold --stages last --tsne
"""

import argparse
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from itertools import product
from pathlib import Path

from foldline.card.views import IDENTITY, is_of_soup
from foldline.files.places import FoldName
from foldline.files.refusal import Refusal, counted, listed
from foldline.files.truths import write_csv
from foldline.files.whole_files import locked, whole_file
from foldline.predicting.feature_space import Space
from foldline.predicting.predicted_rows import Predict
from foldline.report.feature_map import draw_map, feature_map
from foldline.training.launching import ERROR_FILE, launch
from pipelines.answers import Answer
from pipelines.feature_spaces import classes_of, fold_space, make, pretrained_space
from pipelines.running import Settings, fold_name, launched_arguments, parser, read_settings, run, seed_number


def main() -> Answer:
    arguments = parser(__doc__)
    whose = arguments.add_mutually_exclusive_group(required=True)
    whose.add_argument("--fold", type=fold_name, nargs="+", help="whose model: a number, `all` or `all_head0`")
    whose.add_argument("--pretrained", action="store_true", help="the backbone as trainings begin with it")
    arguments.add_argument("--seed", type=seed_number, help="of the fold's model (the first of train.seeds)")
    arguments.add_argument("--rows", nargs="+", help="out_of_fold, test; train where it is pretrained (all it may see)")
    arguments.add_argument("--views", nargs="+", default=[IDENTITY], help="of predict.views (identity)")
    arguments.add_argument("--stages", nargs="+", default=[], help="as timm calls them: layer4; last (all)")
    arguments.add_argument("--tsne", action="store_true", help="draw them: who is near whom, coloured by class")
    return features(arguments.parse_args())


def features(wish: argparse.Namespace) -> Answer:
    settings = read_settings()
    fold = None if wish.pretrained else one_of(wish.fold)
    seed = settings.section("train.seeds", tuple[int, ...])[0] if wish.seed is None else wish.seed
    space = pretrained_space(settings) if fold is None else fold_space(settings, fold, seed)
    views = dict.fromkeys(
        view for view in (IDENTITY, *settings.section("predict", Predict).views) if not is_of_soup(view)
    )
    unknown = [view for view in wish.views if view not in views]
    if unknown:
        valid = listed(views, 40)
        raise Refusal(f"--views: {listed(unknown)} is not in predict.views. Add it there, or choose from {valid}.")
    parts = wish.rows or list(space.ids)
    space.require_parts(parts)
    pairs = list(product(dict.fromkeys(parts), dict.fromkeys(wish.views)))
    is_one_of_several = ERROR_FILE in os.environ
    with nullcontext() if is_one_of_several else locked(space.folder.with_name(".lock")):
        wanted = [(part, view) for part, view in pairs if not space.has(part, view, wish.stages)]
        if wanted or is_one_of_several:
            launch("pipelines.features", launched_arguments(), partial(make, space, fold, seed, wanted, wish.stages))
    if is_one_of_several:
        return {}  # The process that started them tells.
    print(f"{space.name}: {space.folder}")
    sizes = {f"{part}/{view}": _told(space, part, view, wish.stages, (part, view) in wanted) for part, view in pairs}
    made = [f"{part}/{view}" for part, view in wanted]
    drawn = list(_drawn(settings, space, pairs, wish.stages or space.stages)) if wish.tsne else []
    return {
        "of": space.name,
        "folder": space.folder,
        "stages": space.stages,
        "made": made,
        "bytes": sizes,
        "drawn": drawn,
    }


def _drawn(settings: Settings, space: Space, pairs: Sequence[tuple[str, str]], stages: Iterable[str]) -> Iterator[Path]:
    """t-SNE of each part, view and stage as a picture, and its table beside it."""
    classes = {part: classes_of(settings, space.ids[part], part) for part, _ in pairs}
    for (part, view), stage in product(pairs, stages):
        table = feature_map(space.vectors(part, stage, view), space.ids[part], classes[part])
        picture = space.file(part, view, stage).with_suffix(".tsne.png")
        with whole_file(picture) as partial_file:
            partial_file.write_bytes(draw_map(table, f"{space.name}: {part}, {stage}"))
        write_csv(picture.with_suffix(".csv"), table)
        print(f"  {picture}: t-SNE of {counted(len(table), 'row', 'rows')}")
        yield picture


def _told(space: Space, part: str, view: str, stages: Sequence[str], is_new: bool) -> int:
    """Print a line, and return how many bytes the files have."""
    files = {stage: space.file(part, view, stage) for stage in stages or space.stages}
    size = sum(file.stat().st_size for file in files.values())
    rows, channels = counted(len(space.ids[part]), "row", "rows"), (f"{name} {space.stages[name]}" for name in files)
    said = "made" if is_new else "already there"
    print(f"  {part}/{view}/: {rows} of {listed(channels, 40)} channels, {size / 1e6:.1f} MB, {said}")
    return size


def one_of(folds: Sequence[FoldName]) -> FoldName:
    """Raises Refusal for several."""
    if len(folds) > 1:
        raise Refusal(
            f"--fold {' '.join(map(str, folds))}: out-of-fold rows of several folds went through several models, whose "
            "features lie in unlike directions: in one space, rows would be alike by model and not by what they show. "
            "Run it once per fold, and look at each by itself; or take --pretrained, which all rows go through."
        )
    return folds[0]


if __name__ == "__main__":
    run(main)
