"""Predict all pictures below any folder as the current run, or a bundle of one, would predict test images.

Writes a csv (next to the folder, unless --out names another): each picture's path, what is predicted, and the
probabilities or numbers behind it, in columns called by the classes. What cannot be read has a path and nothing else.
Whatever is done to test images is done to these: size, views, all models' mean, calibration, the decision rule.

foldline predict FOLDER [--out FILE.csv] [--bundle BUNDLE, or a single model's file of one]
"""

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from foldline.bundle.bundles import opened, predictions, read_bundle, write_models
from foldline.bundle.new_rows import decode, picture_rows
from foldline.bundle.pictures_table import write_pictures
from foldline.card.target import Target
from foldline.competition.missing_images import describe_unreadable
from foldline.files.refusal import Refusal, counted
from pipelines.answers import Answer
from pipelines.bundled_models import predict_all
from pipelines.dvc_command import refuse_changed_run
from pipelines.running import parser, read_settings, run


def main() -> Answer:
    arguments = parser(__doc__)
    arguments.add_argument("folder", metavar="FOLDER", type=Path, help="pictures, at any depth")
    arguments.add_argument("--out", metavar="FILE.csv", type=Path, help="default: FOLDER.csv")
    arguments.add_argument(
        "--bundle", type=Path, help="a bundle's folder, or one of its models; default: the current run"
    )
    wish = arguments.parse_args()
    folder = wish.folder.absolute()
    if not folder.is_dir():
        raise Refusal(f"{wish.folder} is not a folder. Name the folder that your pictures lie in.")
    out = (wish.out or folder.with_name(f"{folder.name}.csv")).absolute()
    with ExitStack() as stack:
        bundle = read_bundle(wish.bundle or _of_current_run(stack))
        described = bundle.described
        new = picture_rows(folder, described)
        places = stack.enter_context(opened(bundle))
        images = decode(new, described, places)
        predict_all(bundle, places)
        readable = images["error"].isna().to_numpy()
        target = described.fact("target", Target)
        columns = write_pictures(out, predictions(bundle, places), described.rule, target, readable)
    if not readable.all():
        print(f"left empty, since they cannot be read: {describe_unreadable(images)}")
    print(
        f"{out}: {counted(len(readable), 'picture', 'pictures')}, by {counted(len(bundle.models), 'model', 'models')}"
    )
    unreadable = images.loc[~readable, "path"].tolist()
    return {"csv": out, "pictures": len(readable), "unreadable": unreadable, "columns": columns}


def _of_current_run(stack: ExitStack) -> Path:
    settings, folder = read_settings(), Path(stack.enter_context(TemporaryDirectory(prefix="foldline-")))
    refuse_changed_run()
    write_models(folder, settings.places)
    return folder


if __name__ == "__main__":
    run(main)
