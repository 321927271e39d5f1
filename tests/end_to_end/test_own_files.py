"""Files that one has already take the place of a download, and DVC keeps them."""

from pathlib import Path

import yaml

from tests.end_to_end.checkout import commit, copy_checkout, run
from tests.end_to_end.shapes import CARD, draw_competition


def test_what_is_printed_next_makes_dvc_keep_them(tmp_path: Path) -> None:
    checkout, own = copy_checkout(tmp_path / "checkout"), tmp_path / "own"
    own.mkdir()
    draw_competition(own)
    card = yaml.safe_load(CARD.format(source=own)) | {"host": {"kind": "kaggle"}}
    (checkout / "pipelines/competitions/shapes.yaml").write_text(yaml.safe_dump(card))
    params = yaml.safe_load((checkout / "params.yaml").read_text()) | {"competition": "shapes"}
    (checkout / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    commit(checkout, "shapes")

    taken = run(checkout, "python", "-m", "pipelines.download", "--from", str(own))
    assert taken.returncode == 0, taken.stdout
    command = taken.stdout.partition("next: ")[2].partition("    (")[0]
    kept = run(checkout, "sh", "-c", command)
    assert kept.returncode == 0, kept.stdout
    # There is no token and no network here: had it run, it would have failed.
    again = run(checkout, "dvc", "repro", "download")
    assert again.returncode == 0, again.stdout
    assert "Stage 'download' didn't change, skipping" in again.stdout
