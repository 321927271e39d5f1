"""`foldline notebook` and `foldline collect` refuse before anything runs."""

from pathlib import Path

from tests.kaggle.test_stages import stage, write_experiment


def test_folds_that_there_are_not_and_nobody_s_notebook(tmp_path: Path) -> None:
    write_experiment(tmp_path, "{kind: kaggle}")
    with (tmp_path / "params.yaml").open("a") as params:
        params.write("folds: [0, 1]\ntrain: {seeds: [0]}\n")
    refused = stage(tmp_path, "notebook", "--folds", "0,7", "--hours", "1", HOME=str(tmp_path))
    assert refused.stderr == "error: --folds 0,7: the folds of params.yaml are 0, 1.\n"
    refused = stage(tmp_path, "notebook", "--hours", "1", HOME=str(tmp_path))
    assert (
        "error: whose dataset and notebook it will be is not known: no kaggle.json names you. Say --user NAME."
        in refused.stderr
    )
    for text in ("-1", "nan", "inf", "nine"):
        refused = stage(tmp_path, "notebook", f"--hours={text}", HOME=str(tmp_path))
        assert refused.stderr.endswith(f"argument --hours: '{text}' is not a number of hours above 0\n")


def test_no_notebook_to_collect_from(tmp_path: Path) -> None:
    write_experiment(tmp_path, "{kind: kaggle}")
    refused = stage(tmp_path, "collect")
    assert refused.stderr.startswith("error: work/cats-and-dogs/notebook has no notebook. Name a folder, or OWNER/NAME")
    refused = stage(tmp_path, "collect", "output")
    assert refused.stderr == "error: output is no folder, and no notebook either, which is named OWNER/NAME.\n"
