"""Finished runs of a tiny competition, on disk, without a training."""

from pathlib import Path
from typing import Any

import yaml

from foldline.files.places import Places
from foldline.files.whole_files import write_json
from tests.ensembling.test_runs import write_run

SCORES = {"metric": "log_loss", "higher_is_better": False, "score": 0.5, "fold_scores": {"0": 0.4, "1": 0.6}}


def write_finished(root: Path, best: float = 0.25, params: dict[str, Any] | None = None, **scores: Any) -> Places:
    """As `write_run`, with all that a chain's end leaves."""
    write_run(root, best)
    places = Places("pets", root)
    (root / "params.yaml").write_text(yaml.safe_dump({"competition": "pets", "folds": [0, 1], **(params or {})}))
    write_json(places.clipped / "metrics.json", {**SCORES, **scores})
    write_json(places.score, {"score": 0.5}, hashed=False)
    places.ensemble.mkdir(exist_ok=True)
    write_json(places.ensemble / "metrics.json", {})
    places.submission.parent.mkdir(parents=True, exist_ok=True)
    places.submission.write_text(f"id,dog\nt,{best}\n")
    return places
