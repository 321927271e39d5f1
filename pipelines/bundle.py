"""Put the current run into one flat folder, ready for a Kaggle dataset and a notebook without network.

Writes work/<slug>/bundle/: a file per model, which suffices for new pictures; foldline's wheel, and the wheels that the
notebook's image lacks; files of your own; the card and params.yaml; SHA256SUMS; <slug>.ipynb, which verifies all that,
installs the wheels and writes submission.csv; and the metadata of both for the kaggle client.
With --prove: runs the notebook here, without network, on the public test set (its csv must be the stored one, byte for
byte) and on another one with a picture that cannot be read; writes work/<slug>/proof.json. docs/notebooks.md says more.
With --push: uploads what was proven: the dataset, the notebook, a session of it; and submits what that made, once, and
reads the score back. Without --prove it makes nothing, and takes the folder as it was proven before. Killed and
repeated, it goes on from where it was.

foldline bundle --prove --push
"""

from pathlib import Path
from typing import Any

from foldline.bundle.packages import SHIPPED, read_image
from foldline.bundle.proof import refuse_unproven
from foldline.bundle.writing import write_bundle
from foldline.card.host import Host
from foldline.files.refusal import counted
from foldline.kaggle.connection import user_of
from pipelines.answers import Answer
from pipelines.bundle_proof import proven
from pipelines.bundle_push import limits_of, push_bundle
from pipelines.dvc_command import refuse_changed_run
from pipelines.running import Settings, parser, read_settings, run


def main() -> Answer:
    script = parser(__doc__)
    freeze = "`pip freeze` of a notebook with the image; default: a list from memory"
    script.add_argument("--image-freeze", metavar="FILE", type=Path, help=freeze)
    script.add_argument("--user", metavar="NAME", help="yours at Kaggle; default: that of your kaggle.json")
    script.add_argument("--prove", action="store_true", help="run the notebook here, without network")
    script.add_argument("--push", action="store_true", help="upload what was proven, and submit it")
    script.add_argument("--force", action="store_true", help="I have looked, and Kaggle does not have it: submit")
    wish, settings = script.parse_args(), read_settings()
    answer: dict[str, Any] = {"folder": settings.places.bundle}
    if wish.prove or not wish.push:
        answer |= made(settings, wish.image_freeze or SHIPPED, wish.user, wish.prove)
    elif wish.user or wish.image_freeze:
        script.error("--user and --image-freeze are of a bundle that is made: --push alone takes the proven one")
    if wish.push:
        refuse_unproven(settings.places, limits_of(settings))
        answer |= {"pushed": push_bundle(settings, settings.places.bundle, wish.force)}
    return answer


def made(settings: Settings, freeze: Path, user: str | None, is_proven: bool) -> dict[str, Any]:
    places, image = settings.places, read_image(freeze)
    refuse_changed_run()
    written = write_bundle(places, image, user or user_of(settings.fact("host", Host)))
    megabytes = written.bytes / 1e6
    print(f"{places.bundle}: {counted(written.files, 'file', 'files')} and a notebook, {megabytes:,.1f} MB")
    print(f"wheels: {', '.join(f'{name} {version}' for name, version in written.packages.items())}")
    if freeze == SHIPPED:
        print("the image's packages are from a list that is approximate: --image-freeze names yours")
    return {**vars(written), **({"proof": proven(settings, image, written)} if is_proven else {})}


if __name__ == "__main__":
    run(main)
