"""A bundle's notebook run here as Kaggle would, on two test sets; proof.json says of which bundle."""

import os
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from foldline.bundle.bundles import read_bundle
from foldline.bundle.image_environment import Environment, make_environment, variables
from foldline.bundle.new_rows import MOST_NAMED, link_competition
from foldline.bundle.packages import Image
from foldline.bundle.proof_sets import write_smaller
from foldline.bundle.writing import Written
from foldline.card.limits import Limits
from foldline.files.notebooks import run_notebook
from foldline.files.places import Places
from foldline.files.refusal import Refusal, listed
from foldline.files.sums import SUMS, read_sums
from foldline.files.whole_files import read_json, sha256, sha256_of_json, write_json

Proof = dict[str, Any]
"""The content of proof.json."""


def prove(places: Places, image: Image, written: Written, limits: Limits | None) -> Proof:
    """Run the notebook of the bundle that was just written on both test sets, and write proof.json. limits: the card's.
    Raises Refusal where the notebook fails, or gives another csv."""
    places.proof.unlink(missing_ok=True)
    if not places.submission.is_file():
        raise Refusal(f"{places.submission} is not there to be compared with. Run `dvc repro` first.")
    with TemporaryDirectory(prefix="foldline-proof-") as folder:
        root = Path(folder)
        environment = make_environment(root / "environment", image, written.packages)
        public = _public(places, written, root / "public", environment)
        other = _smaller(places, written, root / "smaller", environment)
    proof = {
        "bundle": digest_of(places.bundle),
        "submission": sha256(places.submission),
        "network": environment.network,
        "python": sys.version.split()[0],
        "packages": environment.proven,
        "listed_but_not_here": environment.absent,
        "public": {"rows": public["rows"], "equal": True, "seconds": public["wall_seconds"]},
        "other": other,
        "forecast": None if limits is None else _forecast(public, limits),
    }
    write_json(places.proof, proof)
    return proof


def digest_of(bundle: Path) -> str:
    """Of SHA256SUMS, and of all that this does not list: the notebook and the metadata."""
    sums = read_sums(bundle)
    others = [path for path in sorted(bundle.iterdir()) if path.name not in sums]
    return sha256_of_json({path.name: sha256(path) if path.is_file() else "no file" for path in others})


def _public(places: Places, written: Written, folder: Path, environment: Environment) -> dict[str, Any]:
    inputs = folder / "input"
    link_competition(places.archives, inputs / places.slug)
    (inputs / written.slug).symlink_to(places.bundle.absolute())
    record = run_bundle(places.bundle, written.notebook, inputs, folder, environment)
    refuse_other_csv(record["csv"], places.submission)
    return record


def _smaller(places: Places, written: Written, folder: Path, environment: Environment) -> dict[str, Any]:
    """In the newer layout of Kaggle's folder of inputs."""
    inputs = folder / "input"
    competition = inputs / "competitions" / places.slug
    competition.mkdir(parents=True)
    smaller = write_smaller(places, read_bundle(places.bundle).described, competition)
    (inputs / "datasets" / "me").mkdir(parents=True)
    (inputs / "datasets" / "me" / written.slug).symlink_to(places.bundle.absolute())
    record = run_bundle(places.bundle, written.notebook, inputs, folder, environment)
    if record["lines"] != smaller.lines or record["unreadable"] != smaller.unreadable[:MOST_NAMED]:
        raise Refusal(
            f"of a test set of {smaller.lines} lines, in which {listed(smaller.unreadable, 5)} cannot be read, the "
            f"notebook made {record['lines']} lines and found {listed(record['unreadable'], 5)} unreadable. Please "
            "report this."
        )
    return {"rows": record["rows"], "lines": smaller.lines, "unreadable": smaller.spoilt}


def run_bundle(bundle: Path, notebook: str, inputs: Path, folder: Path, environment: Environment) -> dict[str, Any]:
    """Run the notebook; its record (`prediction.json`), `wall_seconds`, and `csv`, the path of what it wrote.

    inputs: what Kaggle would show in /kaggle/input. folder: an empty one. Raises Refusal with the end of what the
    notebook said when it fails.
    """
    working, home = folder / "working", folder / "home"
    working.mkdir(parents=True)
    home.mkdir()
    started, shown = time.monotonic(), dict(variables(home))
    ended = run_notebook(bundle / notebook, shown, inputs, working, environment.python, environment.within)
    if ended.returncode:
        raise Refusal(f"the notebook failed when it was run here:\n{ended.stderr.strip()[-2000:]}")
    record = read_json(working / "prediction.json")
    return {**record, "wall_seconds": round(time.monotonic() - started, 2), "csv": working / "submission.csv"}


def _forecast(public: dict[str, Any], limits: Limits) -> dict[str, Any]:
    import torch

    machine = f"{len(os.sched_getaffinity(0))} processors, {torch.cuda.device_count()} GPUs"
    found = round(hours(public, limits.hidden_rows), 3)
    return {"hidden_rows": limits.hidden_rows, "hours": found, "limit": limits.hours, "machine": machine}


def hours(record: dict[str, Any], rows: int) -> float:
    """What the notebook would take for so many rows, on this machine: what it took here per row, and once."""
    by_rows = sum(record["seconds"].values())
    return (record["wall_seconds"] - by_rows + by_rows * rows / record["rows"]) / 3600


def refuse_other_csv(found: Path, stored: Path) -> None:
    """Raises Refusal with the first line that differs."""
    if found.read_bytes() == stored.read_bytes():
        return
    pairs = zip(*(path.read_text(encoding="utf-8").splitlines() for path in (found, stored)), strict=False)
    differing = (
        f"line {at} is {one[:200]!r}, stored is {two[:200]!r}" for at, (one, two) in enumerate(pairs, 1) if one != two
    )
    where = next(differing, "one of them has more lines")
    raise Refusal(
        f"the notebook's csv is not {stored}: {where}. The run was predicted by other code, libraries or another "
        "machine than here: `dvc repro -f` the stages `predict` and what follows, then `foldline bundle --prove` again."
    )


def refuse_slow(proof: Proof) -> None:
    """Raises Refusal where the forecast is above the card's limit."""
    forecast = proof["forecast"]
    if forecast is not None and forecast["hours"] > forecast["limit"]:
        raise Refusal(
            f"the notebook would take {forecast['hours']:.1f} hours for {forecast['hidden_rows']:,} hidden rows on a "
            f"machine like this one, and `limits.hours` in the card is {forecast['limit']:g}. Leave out TTA views or "
            "folds, or take a smaller model; or prove it on a machine like Kaggle's."
        )


def _limits_of(proof: Proof) -> Limits | None:
    found = proof["forecast"]
    return None if found is None else Limits(hidden_rows=found["hidden_rows"], hours=found["limit"])


def refuse_unproven(places: Places, limits: Limits | None) -> None:
    """Raises Refusal unless the bundle that lies there is the one that was proven, of the run that is there now, and
    quick enough. limits: the card's."""
    proof = read_json(places.proof) if places.proof.is_file() else None
    if proof is None or not (places.bundle / SUMS).is_file():
        why = "was not proven"
    elif proof["bundle"] != digest_of(places.bundle):
        why = "is not the one that was proven: it was made or changed since"
    elif not places.submission.is_file() or proof["submission"] != sha256(places.submission):
        why = f"was proven for another {places.submission} than the present one"
    elif _limits_of(proof) != limits:
        why = "was proven for other `limits` than those of the card"
    else:
        refuse_slow(proof)
        return
    raise Refusal(
        f"{places.bundle} {why}, so nothing was uploaded: a session on Kaggle takes hours to show what a proof shows "
        "here. Run `foldline bundle --prove --push`."
    )
