"""What `foldline bundle --prove` does: the notebook on two test sets, and how long it would take for the hidden one."""

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from foldline.bundle.bundles import read_bundle
from foldline.bundle.packages import Image
from foldline.bundle.proof import Environment, hours, make_environment, refuse_other_csv, run_bundle
from foldline.bundle.proof_sets import SmallerSet, link_competition, write_smaller
from foldline.bundle.writing import Written
from foldline.card.card import read_card
from foldline.files.places import Places
from foldline.files.refusal import Refusal
from foldline.files.whole_files import write_json
from pipelines.running import Settings


def prove(settings: Settings, image: Image, written: Written) -> dict[str, Any]:
    """Writes proof.json. Raises Refusal where the notebook fails, or gives another csv, or would take too long."""
    places = settings.places
    places.proof.unlink(missing_ok=True)
    if not places.submission.is_file():
        raise Refusal(f"{places.submission} is not there to be compared with. Run `dvc repro` first.")
    with TemporaryDirectory(prefix="foldline-proof-") as folder:
        root = Path(folder)
        environment = make_environment(root / "environment", image, written.packages)
        public = _public(places, written, root / "public", environment)
        smaller, other = _smaller(places, written, root / "smaller", environment)
    forecast = _forecast(settings, public)
    proof = {
        "bundle": written.sums,
        "network": environment.network,
        "python": sys.version.split()[0],
        "packages": environment.proven,
        "listed_but_not_here": environment.absent,
        "public": {"rows": public["rows"], "equal": True, "seconds": public["wall_seconds"]},
        "other": {"rows": other["rows"], "lines": smaller.lines, "unreadable": smaller.unreadable},
        "forecast": forecast,
    }
    write_json(places.proof, proof)
    _say(proof, places)
    if forecast is not None and forecast["hours"] > forecast["limit"]:
        raise Refusal(
            f"the notebook would take {forecast['hours']:.1f} hours for {forecast['hidden_rows']:,} hidden rows on a "
            f"machine like this one, and limits.hours in {settings.card} is {forecast['limit']:g}. Leave out TTA views "
            "or folds, or take a smaller model; or prove it on a machine like Kaggle's."
        )
    return proof


def _public(places: Places, written: Written, folder: Path, environment: Environment) -> dict[str, Any]:
    inputs = folder / "input"
    link_competition(places, inputs / places.slug)
    (inputs / written.slug).symlink_to(places.bundle.absolute())
    record = run_bundle(places.bundle, written.notebook, inputs, folder, environment)
    refuse_other_csv(record["csv"], places.submission)
    return record


def _smaller(
    places: Places, written: Written, folder: Path, environment: Environment
) -> tuple[SmallerSet, dict[str, Any]]:
    """In the newer layout of Kaggle's folder of inputs."""
    inputs = folder / "input"
    competition = inputs / "competitions" / places.slug
    competition.mkdir(parents=True)
    smaller = write_smaller(places, read_bundle(places.bundle).described, competition)
    (inputs / "datasets" / "me").mkdir(parents=True)
    (inputs / "datasets" / "me" / written.slug).symlink_to(places.bundle.absolute())
    record = run_bundle(places.bundle, written.notebook, inputs, folder, environment)
    if record["lines"] != smaller.lines or record["unreadable"] != ([smaller.unreadable] if smaller.unreadable else []):
        raise Refusal(
            f"of a test set of {smaller.lines} lines, in which {smaller.unreadable} cannot be read, the notebook made "
            f"{record['lines']} lines and found {record['unreadable']} unreadable. Please report this."
        )
    return smaller, record


def _forecast(settings: Settings, public: dict[str, Any]) -> dict[str, Any] | None:
    limits = read_card(settings.card).limits
    if limits is None:
        return None
    found = hours(public, limits.hidden_rows)
    machine = f"{len(os.sched_getaffinity(0))} processors, {_gpus()} GPUs"
    return {"hidden_rows": limits.hidden_rows, "hours": round(found, 3), "limit": limits.hours, "machine": machine}


def _gpus() -> int:
    import torch

    return torch.cuda.device_count()


def _say(proof: dict[str, Any], places: Places) -> None:
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
