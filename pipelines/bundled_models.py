"""What the models of a bundle say of the rows in a temporary project; others call this, once per GPU.

python -m pipelines.bundled_models --bundle BUNDLE --project FOLDER
"""

from functools import partial
from pathlib import Path

from foldline.bundle.bundles import Bundle, predict_models, read_bundle
from foldline.files.places import Places
from foldline.training.launching import launch
from pipelines.running import parser, run


def predict_all(bundle: Bundle, places: Places) -> None:
    """In one process per visible GPU, or $FOLDLINE_PROCESSES."""
    [file, *others] = bundle.models.values()
    arguments = ["--bundle", str(bundle.folder if others else file), "--project", str(places.root)]
    launch("pipelines.bundled_models", arguments, partial(predict_models, bundle, places))


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--bundle", type=Path, required=True, help="the folder of the bundle's files")
    arguments.add_argument("--project", type=Path, required=True, help="the temporary project")
    wish = arguments.parse_args()
    bundle = read_bundle(wish.bundle)
    predict_all(bundle, Places(bundle.described.slug, wish.project))


if __name__ == "__main__":
    run(main)
