"""What outlives an experiment lies in the project whose experiment it is."""

from pathlib import Path

from foldline.files.lasting import repository


def test_whose_experiment_runs_in_a_folder(tmp_path: Path) -> None:
    """DVC's temporary experiments, of a queue or not, run in copies that it removes."""
    own = tmp_path / "own"
    for place in ("standalone/tmp1", "tmp2"):
        copy = own / ".dvc" / "tmp" / "exps" / place
        (copy / ".dvc").mkdir(parents=True)
        assert repository({}, copy) == own.resolve()
    assert repository({}, own) == own
    # Wherever the copies lie: then DVC says whose they are.
    far = tmp_path / "far"
    (far / ".dvc").mkdir(parents=True)
    run_by_dvc = {"DVC_EXP_NAME": "fair-mole", "DVC_ROOT": str(own)}
    assert repository(run_by_dvc, far) == own
    assert repository(run_by_dvc, own) == own
    # A variable that is left over from elsewhere says nothing.
    assert repository({"DVC_ROOT": str(own)}, far) == far
    assert repository(run_by_dvc | {"DVC_ROOT": str(tmp_path / "gone")}, far) == far
