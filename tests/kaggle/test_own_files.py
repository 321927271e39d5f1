"""`download --from` puts files where a card is, and nowhere else."""

from pathlib import Path

from tests.kaggle.test_stages import SLUG, stage, write_experiment

HOST = "{kind: kaggle}"


def test_files_go_to_the_competition_that_is_named(tmp_path: Path) -> None:
    write_experiment(tmp_path, HOST)
    (tmp_path / "pipelines/competitions/bone-age.yaml").write_text(f"slug: bone-age\nhost: {HOST}\n")
    own = tmp_path / "own"
    own.mkdir()
    (own / "train.csv").write_text("id\n1\n")
    earlier = tmp_path / "input" / SLUG / "train.csv"

    assert stage(tmp_path, "download", "--from", "own").returncode == 0
    (own / "train.csv").write_text("id\n2\n")
    taken = stage(tmp_path, "download", "--from", "own", "--competition", "bone-age")
    assert "input/bone-age: 1 files, 0.0 MB\nnext: foldline doctor --competition bone-age --wr" in taken.stdout
    assert f"(params.yaml names {SLUG}; DVC then keeps the files)" in taken.stdout

    refused = stage(tmp_path, "download", "--from", "own", "--competition", "bone-ages")
    assert "there is no card for the competition `bone-ages`. The nearest: bone-age. All: bone-age, " in refused.stderr
    assert earlier.read_text() == "id\n1\n"
    assert not (tmp_path / "input/bone-ages").exists()
