"""How long `foldline runs` takes to list 50 runs, of which half are DVC experiments that nothing else knows of.

python -m benchmarks.runs
"""

import hashlib
import json
import subprocess
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import yaml

from benchmarks.figures import Figure
from foldline.ensembling.saved_runs import KNOWN_BY, RECORD, Record, saved_name
from foldline.files.places import Places
from foldline.files.whole_files import write_json
from foldline.params.differences import flattened
from tests.end_to_end.checkout import answer, copy_checkout, run

RUNS, REPEATS = 50, 5
LINES = 1500
"""Of dvc.lock, of the digits with three folds."""
TABLES = {file: hashlib.md5(file.encode()).hexdigest() for file in KNOWN_BY}


def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        checkout = copy_checkout(Path(folder))
        for number in range(RUNS):
            draw_run(checkout, number)
        listed = answer(checkout, "python", "-m", "pipelines", "runs")["runs"]
        if len(listed) != RUNS or any(one["gain"] is None for one in listed):
            raise RuntimeError(f"{len(listed)} of {RUNS} runs were listed, or not all with a gain")
        seconds = median(_seconds(checkout) for _ in range(REPEATS))
    how = f"half of them saved, half DVC experiments alone; three folds; wall clock, median of {REPEATS}"
    return [Figure(f"`foldline runs` of {RUNS} runs", seconds, 2, False, "s", how)]


def draw_run(checkout: Path, number: int) -> None:
    """What listing looks at, in the form in which `format` and DVC write it."""
    params = yaml.safe_load((checkout / "params.yaml").read_text())
    params["train"]["epochs"] = number + 1
    folds = np.random.default_rng(number).uniform(0.05, 0.06, 3).round(6).tolist()
    scores = dict(zip(map(str, range(3)), folds, strict=True))
    metrics = {
        "metric": "log_loss",
        "higher_is_better": False,
        "score": round(sum(folds) / 3, 6),
        "fold_scores": scores,
    }
    content = json.dumps(metrics).encode()
    drawn = {
        name: hashlib.md5(f"{name} {number}".encode()).hexdigest() for name in ("clip/out_of_fold.npy", "clip/test.npy")
    }
    files = {**TABLES, **drawn, "clip/metrics.json": hashlib.md5(content).hexdigest()}
    if number % 2:
        _save(checkout, params, files, metrics)
    else:
        _record(checkout, number, params, files, content)


def _save(checkout: Path, params: dict[str, Any], files: dict[str, str], metrics: dict[str, Any]) -> None:
    folder = Places("digits", checkout).runs / saved_name(flattened(params), files)
    write_json(Places("digits", folder).clipped / "metrics.json", metrics)
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    write_json(folder / RECORD, Record(made=time.time(), seconds=60.0, csv="0" * 12, files=files).model_dump())


def _record(checkout: Path, number: int, params: dict[str, Any], files: dict[str, str], metrics: bytes) -> None:
    """As an experiment, with what DVC's cache holds of it."""
    cached = checkout / ".dvc/cache/files/md5" / files["clip/metrics.json"][:2] / files["clip/metrics.json"][2:]
    cached.parent.mkdir(parents=True, exist_ok=True)
    cached.write_bytes(metrics)
    outs = [{"path": f"work/digits/{file}", "hash": "md5", "md5": md5, "size": 1} for file, md5 in files.items()]
    stages = {
        "check": {"cmd": "python -m pipelines.check", "params": {"params.yaml": params}},
        "clip": {"cmd": "python -m pipelines.clip", "outs": outs},
        "train": {"cmd": "python -m pipelines.train", "outs": outs * (LINES // (4 * len(outs)))},
    }
    apart = json.loads(json.dumps({"stages": stages}))  # else yaml would write each file once, and refer to it
    blob = _git(checkout, "hash-object", "-w", "--stdin", given=yaml.safe_dump(apart, sort_keys=False))
    tree = _git(checkout, "mktree", given=f"100644 blob {blob}\tdvc.lock\n")
    commit = _git(checkout, "commit-tree", tree, "-m", "an experiment")
    head = _git(checkout, "rev-parse", "HEAD")
    _git(checkout, "update-ref", f"refs/exps/{head[:2]}/{head[2:]}/experiment-{number}", commit)


def _git(checkout: Path, *words: str, given: str = "") -> str:
    said = subprocess.run(["git", *words], cwd=checkout, input=given, check=True, capture_output=True, text=True)
    return said.stdout.strip()


def _seconds(checkout: Path) -> float:
    begun = time.perf_counter()
    ended = run(checkout, "foldline", "runs")
    if ended.returncode:
        raise RuntimeError(f"foldline runs failed:\n{ended.stdout}")
    return time.perf_counter() - begun


if __name__ == "__main__":
    for figure in measure():
        print(figure.line)
