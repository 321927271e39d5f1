"""One real run on a drawn competition, with two folds that train at once, and what must be true of it and after it."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from dvc.repo import Repo

from tests.end_to_end.checkout import answer, copy_set_to_shapes, environment, run
from tests.end_to_end.shapes import CLASSES, TEST_ROWS, TRAIN_ROWS


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this checkout set to the drawn competition, two folds and two short epochs; nothing has run in it."""
    return copy_set_to_shapes(tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("shapes"), workers=0)


@pytest.fixture(scope="session")
def folds_at_once(checkout: Path) -> Any:
    """Both folds at the same time, after what comes before them: the command's answer."""
    return answer(checkout, "python", "-m", "pipelines", "train", "--slots", "2")


@pytest.fixture(scope="session")
def first_run(checkout: Path, folds_at_once: Any) -> subprocess.CompletedProcess[str]:
    return run(checkout, "dvc", "repro", "submissions/dvc.yaml")


@pytest.fixture
def finished(checkout: Path, first_run: subprocess.CompletedProcess[str]) -> Path:
    assert first_run.returncode == 0, first_run.stdout
    return checkout


def status(checkout: Path) -> set[str]:
    """The stages that changed themselves; the ones after them follow only if their inputs differ."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("DVC_SITE_CACHE_DIR", str(checkout / ".home" / "dvc"))
        with Repo(str(checkout)) as repo:
            return {name.rpartition(":")[2] for name in repo.status()}


def test_two_folds_are_trained_at_once(
    finished: Path, folds_at_once: Any, first_run: subprocess.CompletedProcess[str]
) -> None:
    """Both finish, and the lock file knows both."""
    assert {one["name"] for one in folds_at_once["trained"]} == {"fold 0, seed 0", "fold 1, seed 0"}
    for fold in (0, 1):
        log = (finished / f"work/shapes/logs/fold{fold}-seed0.log").read_text()
        assert f"Running stage 'train@{fold}-0'" in log
        assert f"fold {fold}, seed 0  epoch 2/2" in log
        progress = json.loads((finished / f"work/shapes/logs/fold{fold}-seed0.progress.json").read_text())
        assert (progress["epochs"], progress["of"], progress["seconds_left"]) == (2, 2, 0)
        assert len(progress["validation_losses"]) == 2
    assert "Running stage 'train" not in first_run.stdout
    assert status(finished) == set()


def test_what_is_trained_is_not_trained_again(finished: Path) -> None:
    assert answer(finished, "python", "-m", "pipelines", "train") == {"trained": []}


@pytest.mark.slow
def test_a_training_that_is_forced_writes_the_same_bytes(finished: Path) -> None:
    model = finished / "work/shapes/train/fold0/seed0/model.safetensors"
    before = model.read_bytes()
    forced = run(finished, "dvc", "repro", "-f", "-s", "train@0-0")
    assert forced.returncode == 0, forced.stdout
    assert model.read_bytes() == before


def test_the_receipt_holds_the_score_that_kaggle_shows(finished: Path) -> None:
    receipt = json.loads((finished / "submissions/shapes/receipt.json").read_text())
    assert receipt["status"] == "complete"
    assert 0 < float(receipt["public_score"]) < 3
    ledger = pd.read_csv(finished / "submissions/ledger.csv")
    assert ledger["run_id"].nunique() == 1


def test_the_submission_has_the_form_of_the_sample(finished: Path) -> None:
    submission = pd.read_csv(finished / "submissions/shapes/submission.csv")
    assert list(submission.columns) == ["id", *CLASSES]
    assert list(submission["id"]) == [f"b{number:04d}" for number in range(TEST_ROWS)]
    np.testing.assert_allclose(submission[list(CLASSES)].sum(axis=1), 1, atol=1e-6)


def test_every_train_row_is_predicted_once_by_a_model_that_has_not_seen_it(finished: Path) -> None:
    ids = pd.read_parquet(finished / "work/shapes/ensemble/ids.parquet")
    out_of_fold = ids[ids["part"] == "out_of_fold"].set_index("row_id")
    folds = pd.read_csv(finished / "work/shapes/folds.csv").set_index("row_id")
    assert len(out_of_fold) == TRAIN_ROWS
    assert (out_of_fold["fold"] == folds.loc[out_of_fold.index, "fold"]).all()


def test_the_last_words_are_the_scores_and_the_next_command(first_run: subprocess.CompletedProcess[str]) -> None:
    for words in ("fold 0", "fold 1", "mean of folds", "before clip", "after clip", "leaderboard", "submission.csv"):
        assert words in first_run.stdout
    assert re.search(r"^next: ", first_run.stdout, re.MULTILINE)


def test_a_second_run_does_nothing_and_uploads_nothing(finished: Path) -> None:
    ledger = (finished / "submissions/ledger.csv").read_bytes()
    again = run(finished, "dvc", "repro", "submissions/dvc.yaml")
    assert again.returncode == 0
    assert "Running stage" not in again.stdout
    assert (finished / "submissions/ledger.csv").read_bytes() == ledger


def test_forcing_the_upload_reads_the_first_one_back(finished: Path) -> None:
    forced = run(finished, "dvc", "repro", "-f", "-s", "submissions/dvc.yaml:submit")
    assert forced.returncode == 0, forced.stdout
    submissions = pd.read_csv(finished / "submissions/ledger.csv")
    assert submissions["run_id"].nunique() == 1
    assert (submissions["event"] == "intended").sum() == 1


def test_metrics_and_plots_are_shown(finished: Path) -> None:
    metrics = json.loads(run(finished, "dvc", "metrics", "show", "--json").stdout)
    shown = metrics[""]["data"]
    assert list(shown) == ["work/shapes/score.json"]
    assert set(shown["work/shapes/score.json"]["data"]) == {"score", "standard_error", "top_1_accuracy"}
    assert run(finished, "dvc", "metrics", "diff").returncode == 0
    plots = run(finished, "dvc", "plots", "show")
    assert plots.returncode == 0, plots.stdout
    page = (finished / "dvc_plots/index.html").read_text()
    assert '"fold"' in page
    assert "cdn.jsdelivr" not in page.partition("</script>")[2], "the page must work without a network"


@pytest.mark.parametrize(
    ("change", "stale"),
    [
        (("clip", "rule"), {"check", "code", "clip", "format"}),
        (("train", "epochs"), {"check", "code", "dry_run", "train", "predict", "ensemble", "clip", "format"}),
        (("predict", "batch_size"), {"check", "code", "dry_run", "predict", "ensemble", "clip", "format"}),
        (("submit", "message"), {"check", "code", "submit"}),
    ],
)
def test_a_change_makes_stale_what_uses_it_and_no_more(
    finished: Path, change: tuple[str, str], stale: set[str]
) -> None:
    params = finished / "params.yaml"
    before = params.read_text()
    content = yaml.safe_load(before)
    section, key = change
    content[section][key] = {"rule": "fitted", "epochs": 3, "batch_size": 7, "message": "other"}[key]
    params.write_text(yaml.safe_dump(content, sort_keys=False))
    try:
        changed = status(finished)
    finally:
        params.write_text(before)
    kinds = {name.partition("@")[0] for name in changed}
    assert kinds <= stale
    assert section in kinds


def test_an_added_key_of_clip_and_an_edited_reader_make_no_training_stale(finished: Path) -> None:
    """What an issue of staleness costs most: a night of training for a line in another section, or in a decoder."""
    sources = [finished / "src/foldline" / name for name in ("ensembling/clipping.py", "pixels/decoding.py")]
    before = [source.read_text() for source in sources]
    for source, text in zip(sources, before, strict=True):
        source.write_text(text + "\n\nEXTRA = 1\n")
    try:
        assert run(finished, "dvc", "repro", "-s", "code").returncode == 0
        changed = status(finished)
    finally:
        for source, text in zip(sources, before, strict=True):
            source.write_text(text)
        run(finished, "dvc", "repro", "-s", "code")
    assert changed == {"check", "clip", "prepare"}


@pytest.mark.parametrize(
    ("seeds", "folds", "stale"),
    [
        ([0, 1], [0, 1], {"train@0-1", "train@1-1", "predict@0-1", "predict@1-1"}),
        ([0], [0, 1, "all"], {"pretext_choice@all", "train@all-0", "predict@all-0"}),
    ],
    ids=["seed", "fold"],
)
def test_one_more_seed_or_fold_makes_no_trained_model_stale(
    finished: Path, seeds: list[int], folds: list[int | str], stale: set[str]
) -> None:
    params = finished / "params.yaml"
    before = params.read_text()
    content = yaml.safe_load(before)
    content["train"]["seeds"], content["folds"] = seeds, folds
    params.write_text(yaml.safe_dump(content, sort_keys=False))
    try:
        changed = status(finished)
    finally:
        params.write_text(before)
    assert changed == {"check", "code", "ensemble", *stale} | ({"dry_run"} if len(seeds) > 1 else set())


@pytest.mark.slow
def test_a_second_seed_and_models_of_all_rows_join_what_is_trained(finished: Path) -> None:
    """Each new model is a stage of its own; a model that was there is not touched."""
    model = finished / "work/shapes/train/fold0/seed0/model.safetensors"
    before = model.read_bytes()
    more = ("-S", "train.seeds=[0,1]", "-S", "folds=[0,1,all]")
    experiment = run(finished, "dvc", "exp", "run", *more, "-n", "more")
    assert experiment.returncode == 0, experiment.stdout
    trained = set(re.findall(r"Running stage '(train@[^']+)'", experiment.stdout))
    assert trained == {"train@0-1", "train@1-1", "train@all-0", "train@all-1"}
    assert model.read_bytes() == before
    assert "ensemble of folds [0, 1] x seeds [0, 1]: out-of-fold" in experiment.stdout
    assert "fold all, seed 1: in the test predictions" in experiment.stdout
    history = pd.read_csv(finished / "work/shapes/ensemble/history.csv", dtype={"fold": str})
    assert set(zip(history["fold"], history["seed"], strict=True)) == {
        (fold, seed) for fold in ("0", "1", "all") for seed in (0, 1)
    }
    subprocess.run(["git", "checkout", "-q", "--", "params.yaml", "dvc.lock"], cwd=finished, check=False)


def test_a_run_whose_views_were_changed_since_predicts_no_pictures(finished: Path) -> None:
    """Nothing that it wrote would tell: other views of the same models, and other numbers than those of its score."""
    params = finished / "params.yaml"
    before = params.read_text()
    params.write_text(before.replace("soup+horizontal_flip", "horizontal_flip"))
    try:
        refused = run(finished, "foldline", "predict", "input")
    finally:
        params.write_text(before)
    assert refused.returncode == 1
    assert "something was changed since: predict@0-0, predict@1-0 would run again" in refused.stdout
    assert not (finished / "input.csv").exists()


def test_a_misspelt_competition_is_answered_with_the_cards_there_are(finished: Path) -> None:
    params = finished / "params.yaml"
    before = params.read_text()
    params.write_text(before.replace("competition: shapes", "competition: shapse"))
    try:
        refused = run(finished, "dvc", "repro")
    finally:
        params.write_text(before)
    assert refused.returncode != 0
    assert "there is no card for the competition `shapse`" in refused.stdout
    assert "dog-breed-identification" in refused.stdout
    assert not (finished / "input/shapse").exists()


def test_an_experiment_on_one_fold_works_to_the_end(finished: Path) -> None:
    """Screening: the folds' assignment stays, the summary says that it is one fold, and it is compared on that one."""
    folds = (finished / "work/shapes/folds.csv").read_bytes()
    receipt = (finished / "submissions/shapes/receipt.json").read_bytes()
    saved = run(finished, "dvc", "exp", "save", "-n", "all-folds")
    assert saved.returncode == 0, saved.stdout
    experiment = run(finished, "dvc", "exp", "run", "-S", "folds=[0]", "-n", "one-fold")
    assert experiment.returncode == 0, experiment.stdout
    assert (finished / "work/shapes/folds.csv").read_bytes() == folds
    assert "Running stage 'train" not in experiment.stdout
    assert "Screened on fold 0 alone" in experiment.stdout
    assert "uploads it" not in experiment.stdout
    listed = {one["name"]: one for one in answer(finished, "python", "-m", "pipelines", "runs")["runs"]}
    assert listed.keys() == {"all-folds", "one-fold"}
    (in_full, screened), saved_as = (listed["all-folds"], listed["one-fold"]), listed["all-folds"]["names"][1]
    assert (in_full["verdict"], in_full["changed"], len(in_full["names"])) == ("best", {}, 2), "one run, saved by both"
    assert in_full["leaderboard"] == float(json.loads(receipt)["public_score"])
    assert (screened["verdict"], screened["changed"], screened["gain"]) == ("not yet", {"folds": [0]}, 0)
    assert screened["minutes"] is not None
    comparison = answer(finished, "python", "-m", "pipelines", "compare", saved_as, "one-fold")
    fold_rows = (pd.read_csv(finished / "work/shapes/folds.csv")["fold"] == 0).sum()
    assert comparison["rows"] == comparison["rows_of_second"] == fold_rows
    assert comparison["rows_of_first"] == TRAIN_ROWS
    assert comparison["pooled"]["gain"] == 0
    assert comparison["verdict"] == "not yet real"
    subprocess.run(["git", "checkout", "-q", "--", "params.yaml", "dvc.lock"], cwd=finished, check=False)


@pytest.mark.slow
def test_an_experiment_with_other_epochs_trains_again(finished: Path) -> None:
    experiment = run(finished, "dvc", "exp", "run", "-S", "train.epochs=3", "-S", "folds=[1]", "-n", "short")
    assert experiment.returncode == 0, experiment.stdout
    assert "Running stage 'train@1-0'" in experiment.stdout
    assert len(pd.read_csv(finished / "work/shapes/train/fold1/seed0/history.csv")) == 3
    subprocess.run(["git", "checkout", "-q", "--", "params.yaml", "dvc.lock"], cwd=finished, check=False)


STUDY = {
    "base": "params.yaml",
    "changes": {
        "folds": [0],
        "train.epochs": 1,
        "train.soup": {"kind": "none"},
        "predict.views": ["identity", "horizontal_flip"],
    },
    "axes": [{"train.learning_rates.head": [0.001]}, {"prepare.height_pixels": [16], "prepare.width_pixels": [16]}],
    "leave_out": [],
    "against": {},
}


def study(checkout: Path, **changed: Any) -> Any:
    (checkout / "sizes.yaml").write_text(yaml.safe_dump({**STUDY, **changed}, sort_keys=False))
    return answer(checkout, "python", "-m", "pipelines", "study", "sizes.yaml")


def test_a_study_trains_its_cells_and_leaves_the_project_alone(finished: Path) -> None:
    """The base's tables and pixels are the project's; of the other size they are computed apart."""
    lock, before = (finished / "dvc.lock").read_bytes(), status(finished)
    ended = study(finished)
    assert (ended["cells"], ended["trained"]) == (2, 2)
    results = pd.read_csv(finished / ended["results"]).set_index("cell")
    assert list(results["fold"]) == [0, 0]
    assert results.loc["base", "validation_loss"] != results.drop("base")["validation_loss"].item()
    apart = {path.name.split("-")[0] for path in (finished / "work/shapes/studies/sizes/shared").iterdir()}
    assert apart == {"prepare", "split", "pretext", "pretext_choice", "dry_run"}
    assert "head: 0.001, height_pixels: 16" in Path(finished, ended["page"]).read_text()

    more = study(finished, axes=[{"train.learning_rates.head": [0.001, 0.01]}, STUDY["axes"][1]])
    assert (more["cells"], more["trained"]) == (3, 1), "what is trained is not trained again"
    kept = pd.read_csv(finished / more["results"]).set_index("cell").loc[results.index, list(results)]
    pd.testing.assert_frame_equal(kept, results)
    assert (finished / "dvc.lock").read_bytes() == lock
    assert status(finished) == before


@pytest.mark.slow
def test_a_halved_search_goes_on_after_kills_as_if_there_were_none(finished: Path) -> None:
    """Killed twice, once with a cell done and once with two. Of few epochs some end before they can be ruled out."""
    axes = [{"train.learning_rates.head": {"low": 1e-4, "high": 1e-1, "log": True}}]
    text = yaml.safe_dump(
        {**STUDY, "changes": STUDY["changes"] | {"folds": [0, 1], "train.epochs": 12}, "axes": axes}, sort_keys=False
    )
    options = ("--search", "optuna", "--trials", "6", "--halving")
    for name in ("straight", "killed"):
        (finished / f"{name}.yaml").write_text(text)
    of_killed = finished / "work/shapes/studies/killed/cells"
    for done in (1, 2):
        command = [sys.executable, "-m", "pipelines", "study", "killed.yaml", *options]
        process = subprocess.Popen(command, cwd=finished, env=environment(finished), stderr=subprocess.DEVNULL)
        while len(list(of_killed.glob("*/work/shapes/train/fold0/seed0/metrics.json"))) <= done:
            assert process.poll() is None
            time.sleep(0.01)
        process.kill()
        process.wait()
    straight = answer(finished, "python", "-m", "pipelines", "study", "straight.yaml", *options)
    killed = answer(finished, "python", "-m", "pipelines", "study", "killed.yaml", *options)
    assert straight["cells"] == killed["cells"] == 7
    assert killed["trained"] < straight["trained"]
    assert Path(finished, killed["results"]).read_bytes() == Path(finished, straight["results"]).read_bytes()
    of_straight = finished / "work/shapes/studies/straight/cells"
    models = {path.relative_to(of_straight) for path in of_straight.rglob("model.safetensors")}
    assert models == {path.relative_to(of_killed) for path in of_killed.rglob("model.safetensors")}
    assert not [path for path in models if (of_straight / path).read_bytes() != (of_killed / path).read_bytes()]
    assert "ruled out" in Path(finished, straight["page"]).read_text()
