"""What `foldline bundle --prove` does and says."""

from foldline.bundle.packages import Image
from foldline.bundle.proof import Proof, prove, refuse_slow
from foldline.bundle.writing import Written
from foldline.files.places import Places
from pipelines.bundle_push import limits_of
from pipelines.running import Settings


def proven(settings: Settings, image: Image, written: Written) -> Proof:
    proof = prove(settings.places, image, written, limits_of(settings))
    say(proof, settings.places)
    refuse_slow(proof)
    return proof


def say(proof: Proof, places: Places) -> None:
    public, other, forecast = proof["public"], proof["other"], proof["forecast"]
    differing = sum(one["listed"] is not None and one["listed"] != one["here"] for one in proof["packages"].values())
    print(f"proof: the notebook's csv for {public['rows']} public rows is {places.submission}, byte for byte")
    spoilt = f", {other['unreadable']} not readable" if other["unreadable"] else ""
    print(f"proof: a test set of {other['lines']} lines{spoilt}: a valid csv")
    print(
        f"proof: Python {proof['python']}; network {proof['network']}; packages: the bundle's wheels, and for the "
        f"image's {len(proof['packages'])} that are installed here, {differing} of them in another version than listed"
    )
    if forecast is None:
        print("no forecast: the card has no `limits: {hidden_rows: ..., hours: ...}`")
    else:
        print(
            f"forecast: {forecast['hours']:.2f} hours for {forecast['hidden_rows']:,} rows on this machine "
            f"({forecast['machine']}); the limit is {forecast['limit']:g}"
        )
    print(f"{places.proof} has all of it")
