"""The doctor on a miniature with planted faults, on one without data, and with a card that does not fit."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from foldline.card.card import read_card
from foldline.doctor.examination import examine
from foldline.experiment.params import read_params
from foldline.files.places import Places
from foldline.files.refusal import Refusal
from pipelines import doctor
from tests.competitions import test_aerial_cactus_identification as cactus
from tests.competitions import test_cdiscount_image_classification_challenge as cdiscount
from tests.competitions import test_petfinder_pawpularity_score as petfinder
from tests.competitions import test_ranzcr_clip_catheter_line_classification as ranzcr
from tests.competitions import test_rsna_2024_lumbar_spine_degenerative_classification as rsna_2024
from tests.competitions import test_seti_breakthrough_listen as seti
from tests.competitions import test_siim_isic_melanoma_classification as siim
from tests.competitions.conftest import CARDS, set_up
from tests.competitions.drawing import Miniature, assigned, csv, image_files, numbered, zipped

SLUG = "paddy-disease-classification"


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["doctor"])
    return tmp_path


def ill() -> Miniature:
    """One image cannot be read, one is missing, one stands in train twice under two labels, one in train and test."""
    labels = assigned(numbered(24, "{}.jpg", 100330), ("blast", "normal"))
    labels["100330.jpg"], labels["100331.jpg"] = "blast", "normal"
    answers = assigned(numbered(12, "{:06}.jpg", 1), ("blast", "normal"))
    entries = image_files([f"train_images/{label}/{name}" for name, label in labels.items()], 0)
    entries |= image_files([f"test_images/{name}" for name in answers], 100)
    first, second, third, *_ = entries
    entries[second] = entries[first]
    entries["test_images/000001.jpg"] = entries[third]
    entries["test_images/000002.jpg"] = b"no image"
    del entries["test_images/000003.jpg"]
    entries["train.csv"] = csv({"image_id": labels.keys(), "label": labels.values()})
    entries["sample_submission.csv"] = csv({"image_id": answers.keys(), "label": ""})
    return Miniature({f"{SLUG}.zip": zipped(entries)}, labels, answers)


def test_it_says_what_it_understood_and_what_is_suspicious(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    set_up(CARDS / f"{SLUG}.yaml", ill())
    doctor.main()

    printed = " ".join(capsys.readouterr().out.split())
    for fact in (
        "rows │ 24 train, 12 test",
        "images │ 36, 1 per row",
        "sizes │ all 36 x 48 pixels",
        "channels │ 3 (RGB)",
        "target │ multiclass: 2 classes",
        "metric │ accuracy",
        "submission │ label: 12 rows, image_id and label",
        "1 of 36 images are missing: test_images/000003.jpg. Correct the card's layout, or set "
        "prepare.max_unreadable_fraction to 0.056 or more",
        "1 of 36 images cannot be read: test_images/000002.jpg",
        "1 near-duplicate pair of train images (they share a fold): train_images/blast/100330.jpg = ",
        "1 near-duplicate pair of train images that are the same under different labels",
        "1 near-duplicate pair across train and test (a leak): ",
        "= test_images/000001.jpg",
        "next: correct the card, or set prepare.max_unreadable_fraction as said above; then foldline doctor "
        f"--competition {SLUG} --write params.yaml",
    ):
        assert fact in printed


@pytest.mark.parametrize(
    ("slug", "draw", "facts"),
    [
        (
            "petfinder-pawpularity-score",
            petfinder.draw,
            {"target": "regression: Pawpularity from 1 to 100, median 42.5", "group": "none", "metric": "rmse"},
        ),
        (
            "cdiscount-image-classification-challenge",
            cdiscount.draw,
            {"images": "90, 1 to 4 per row", "submission": "label: 12 rows, _id and category_id"},
        ),
        (
            "ranzcr-clip-catheter-line-classification",
            ranzcr.draw,
            {"channels": "1 (grey)", "group": "PatientID: 10 of up to 3 rows"},
        ),
        (
            "rsna-2024-lumbar-spine-degenerative-classification",
            rsna_2024.draw,
            {
                "target": (
                    "multioutput: 75 classes, the rarest last: "
                    "spinal_canal_stenosis_l4_l5=normal_mild (8), "
                    "spinal_canal_stenosis_l5_s1=normal_mild (8), "
                    "left_neural_foraminal_narrowing_l3_l4=normal_mild (8), "
                    "right_subarticular_stenosis_l5_s1=severe (3), "
                    "left_neural_foraminal_narrowing_l5_s1=severe (2), "
                    "left_subarticular_stenosis_l4_l5=moderate (2); 30 labels are missing"
                ),
                "submission": "probability_lines: 75 rows, row_id and normal_mild, moderate, severe",
            },
        ),
    ],
)
@pytest.mark.usefixtures("checkout")
def test_it_understands_every_kind_of_target_and_layout(
    slug: str, draw: Callable[[], Miniature], facts: dict[str, str]
) -> None:
    card = CARDS / f"{slug}.yaml"
    seen = examine(read_card(card), set_up(card, draw()))
    assert {name: seen.facts[name] for name in facts} == facts


@pytest.mark.usefixtures("checkout")
def test_it_shows_features_and_the_columns_that_could_be_some() -> None:
    card = CARDS / "siim-isic-melanoma-classification.yaml"
    places = set_up(card, siim.draw())
    copied = Path("pipelines/competitions", card.name)
    copied.write_text(copied.read_text().replace("sex, anatom_site_general_challenge", "sex"))
    facts = examine(read_card(copied), places).facts
    assert facts["features"] == "age_approx (45 to 50, 33% missing), sex (2 categories, 33% missing)"
    assert facts["unused columns"] == "anatom_site_general_challenge"


@pytest.mark.usefixtures("checkout")
def test_it_says_what_a_number_means_and_doubts_a_swap() -> None:
    """Swapped, out-of-fold scores are as good as ever, and the submission is graded upside down."""
    card = CARDS / "aerial-cactus-identification.yaml"
    places = set_up(card, cactus.draw(folders=False))
    seen = examine(read_card(card), places)
    assert seen.facts["direction"].startswith(
        "1 is positive, and what a submitted number is the probability of; 0 is neg"
    )
    assert seen.facts["found elsewhere"].startswith("images of layout.train without `train/`")
    assert seen.warnings == ()
    copied = Path("pipelines/competitions", card.name)
    copied.write_text(copied.read_text().replace("negative: 0", "negative: 1").replace("positive: 1", "positive: 0"))
    (doubt,) = examine(read_card(copied), places).warnings
    assert doubt.startswith(
        "target.positive is '0' and target.negative '1': a submitted number is then the probability of"
    )


def test_it_writes_a_first_experiment_for_the_card_alone_and_for_the_data(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    card = checkout / "pipelines/competitions" / f"{SLUG}.yaml"
    card.parent.mkdir(parents=True)
    card.write_bytes((CARDS / card.name).read_bytes())
    asked = ["doctor", "--competition", SLUG, "--write", "params.yaml", "--model", "test_resnet"]
    monkeypatch.setattr(sys, "argv", asked)
    doctor.main()
    assert read_params(Path("params.yaml")).prepare.height_pixels == 224
    assert "next: dvc repro download, then the doctor again" in capsys.readouterr().out

    card.unlink()
    card.parent.rmdir()
    card.parent.parent.rmdir()
    set_up(CARDS / card.name, ill())
    monkeypatch.setattr(sys, "argv", [*asked, "--epochs", "2"])
    said = doctor.main()
    params = read_params(Path("params.yaml"))
    assert (params.prepare.height_pixels, params.prepare.max_unreadable_fraction) == (96, 0)
    assert (params.train.model.name, params.train.epochs, len(params.folds)) == ("test_resnet", 2, 5)
    printed = capsys.readouterr().out
    assert "│ 5 of 5 folds, 2 epochs each: about " in printed
    assert printed.endswith("as said above; then dvc repro check && dvc commit -f download && dvc repro\n")
    assert said["seconds"] > 5 * 15

    monkeypatch.setattr(sys, "argv", [*asked, "--minutes", "600"])
    doctor.main()
    assert read_params(Path("params.yaml")).train.epochs == 10


def test_what_it_cannot_write_is_refused_before_anything_is_written(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    places = set_up(CARDS / f"{SLUG}.yaml", ill())
    before = Path("params.yaml").read_bytes()
    asked = ["doctor", "--competition", SLUG, "--write", "params.yaml", "--model"]
    for arguments, message in (
        ([*asked, "test_resnet", "--minutes", "0.1"], r"--minutes 0.1: one fold takes 0.3 minutes here even without"),
        ([*asked, "test_resnet", "--epochs", "-1"], r"--epochs: `epochs` is -1: input should be greater than or equal"),
        ([*asked, "no_such_model"], r"no_such_model"),
    ):
        monkeypatch.setattr(sys, "argv", arguments)
        with pytest.raises(Refusal, match=message):
            doctor.main()
    places.manifest.unlink()
    monkeypatch.setattr(sys, "argv", [*asked, "test_resnet", "--minutes", "9"])
    with pytest.raises(Refusal, match=r"--minutes: how long it takes depends on the data. Run `dvc repro download`"):
        doctor.main()
    monkeypatch.setattr(sys, "argv", ["doctor", "--competition", SLUG, "--minutes", "9"])
    with pytest.raises(SystemExit):
        doctor.main()
    assert "are of the experiment that --write FILE writes" in capsys.readouterr().err
    assert Path("params.yaml").read_bytes() == before


def test_a_range_that_leaves_nothing_of_the_images(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    slug = "seti-breakthrough-listen"
    set_up(CARDS / f"{slug}.yaml", seti.draw())
    card = Path("pipelines/competitions") / f"{slug}.yaml"
    facts = yaml.safe_load(card.read_text())
    facts["layout"]["range"] = [-1.0e6, 1.0e6]
    card.write_text(yaml.safe_dump(facts))
    doctor.main()
    assert (
        "36 of 36 images are of one value each, from 0 to 0. layout.range is [-1000000.0, " in capsys.readouterr().out
    )


def test_a_card_that_does_not_fit_is_told_what_is_there(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    set_up(CARDS / f"{SLUG}.yaml", ill())
    card = Path("pipelines/competitions") / f"{SLUG}.yaml"
    facts = yaml.safe_load(card.read_text())
    facts["target"]["column"] = "disease"
    card.write_text(yaml.safe_dump(facts))
    with pytest.raises(Refusal, match=r"has no column `disease`.*Found image_id, label"):
        doctor.main()
    printed = " ".join(capsys.readouterr().out.split())
    assert "train_images/*/*.jpg │ 24 files, as train_images/blast/100330.jpg │" in printed
    assert "train.csv │ columns image_id, label │" in printed


def test_a_card_that_contradicts_itself_is_told_before_what_its_data_say(checkout: Path) -> None:
    slug = "petfinder-pawpularity-score"
    set_up(CARDS / f"{slug}.yaml", petfinder.draw())
    card = Path("pipelines/competitions") / f"{slug}.yaml"
    facts = yaml.safe_load(card.read_text())
    # Its sample of numbers would be one of labels, to which the data's classes do not fit.
    facts["submission"] = {name: value for name, value in facts["submission"].items() if name != "range"}
    facts["submission"]["kind"] = "label"
    card.write_text(yaml.safe_dump(facts))
    with pytest.raises(Refusal, match=r"`submission.kind` is `label`, but a target of kind `regression` is submitted"):
        doctor.main()


def test_thefirst_run_keeps_files_that_dvc_does_not_know(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It empties the folder of a download that it has not run, before it runs it."""
    set_up(CARDS / f"{SLUG}.yaml", ill())
    assert doctor.first_run(Places(SLUG)) == "dvc repro check && dvc commit -f download && dvc repro"

    out = {"path": f"input/{SLUG}", "md5": "0.dir"}
    (checkout / "dvc.lock").write_text(yaml.safe_dump({"stages": {"download": {"outs": [out]}}}))
    assert doctor.first_run(Places(SLUG)) == "dvc repro"
    assert doctor.first_run(Places("another")).endswith("dvc commit -f download && dvc repro")
