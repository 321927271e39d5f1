"""Put the current run into one flat folder, ready for a Kaggle dataset and a notebook without network.

Writes work/<slug>/bundle/: a file per model, which suffices for new pictures; foldline's wheel, and the wheels that the
notebook's image lacks; files of your own; the card and params.yaml; SHA256SUMS; <slug>.ipynb, which verifies all that,
installs the wheels and writes submission.csv; and the metadata of both for the kaggle client.
With --prove: runs the notebook here, without network, on the public test set (its csv must be the stored one, byte for
byte) and on another one with a picture that cannot be read; writes work/<slug>/proof.json. docs/notebooks.md says more.
With --push: uploads what was proven, here or before: the dataset, the notebook, a session of it; and submits what that
made, once, and reads the score back. Killed and repeated, it goes on from where it was.

foldline bundle --prove --push
"""

from pathlib import Path

from foldline.bundle.packages import SHIPPED, read_image
from foldline.bundle.writing import write_bundle
from foldline.card.host import Host
from foldline.files.refusal import Refusal, counted
from foldline.files.whole_files import read_json
from foldline.kaggle.connection import user_of
from pipelines.answers import Answer
from pipelines.running import parser, read_settings, run


def main() -> Answer:
    arguments = parser(__doc__)
    arguments.add_argument(
        "--image-freeze", metavar="FILE", type=Path, default=SHIPPED,
        help="`pip freeze` of a notebook with the image; default: a list from memory",
    )  # fmt: skip
    arguments.add_argument("--user", metavar="NAME", help="yours at Kaggle; default: that of your kaggle.json")
    arguments.add_argument("--prove", action="store_true", help="run the notebook here, without network")
    arguments.add_argument("--push", action="store_true", help="upload what was proven, and submit it")
    arguments.add_argument("--force", action="store_true", help="I have looked, and Kaggle does not have it: submit")
    wish = arguments.parse_args()
    settings = read_settings()
    places, image = settings.places, read_image(wish.image_freeze)
    written = write_bundle(places, image, wish.user or user_of(settings.fact("host", Host)))
    megabytes = written.bytes / 1e6
    print(f"{places.bundle}: {counted(written.files, 'file', 'files')} and a notebook, {megabytes:,.1f} MB")
    print(f"wheels: {', '.join(f'{name} {version}' for name, version in written.packages.items())}")
    if wish.image_freeze == SHIPPED:
        print("the image's packages are from a list that is approximate: --image-freeze names yours")
    answer = {"folder": places.bundle, **vars(written)}
    if wish.prove:
        from pipelines.bundle_proof import prove

        answer |= {"proof": prove(settings, image, written)}
    if wish.push:
        from pipelines.bundle_push import push_bundle

        refuse_unproven(places.proof, written.sums)
        answer |= {"pushed": push_bundle(settings, places.bundle, wish.force)}
    return answer


def refuse_unproven(proof: Path, sums: str) -> None:
    """sums: the hash of the bundle's SHA256SUMS."""
    if not proof.is_file() or read_json(proof)["bundle"] != sums:
        raise Refusal(
            "this bundle was not proven, so nothing was uploaded: a session on Kaggle takes hours to show what a proof "
            "shows here. Run `foldline bundle --prove --push`."
        )


if __name__ == "__main__":
    run(main)
