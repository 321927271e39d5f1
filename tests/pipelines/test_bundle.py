"""What `foldline bundle --push` sends: the folder that was proven, and no other."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from foldline.bundle import proof
from foldline.files.places import Places, card_file
from foldline.files.refusal import Refusal
from foldline.files.whole_files import write_json
from pipelines import bundle
from pipelines.running import Settings
from tests.kaggle.parcels import write_parcel
from tests.kaggle.rehearsal import SLUG
from tests.kaggle.test_stages import write_experiment


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    """A bundle that was proven to make the run's csv."""
    monkeypatch.chdir(tmp_path)
    write_experiment(tmp_path, "{kind: local, source: mine}")
    places = Places(SLUG)
    places.bundle.mkdir(parents=True)
    write_parcel(places.bundle)
    places.submission.parent.mkdir(parents=True)
    places.submission.write_text("id,cat,dog\n")
    told = {"submission": proof.sha256(places.submission), "forecast": None}
    write_json(places.proof, told | {"bundle": proof.digest_of(places.bundle)})
    return places


@pytest.fixture
def pushed(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, bytes]]:
    """The files of each folder that was handed on."""
    found: list[dict[str, bytes]] = []

    def push_bundle(settings: Settings, folder: Path, is_forced: bool) -> dict[str, Any]:
        assert (settings.slug, is_forced) == (SLUG, False)
        found.append(files_of(folder))
        return {"version": 1}

    monkeypatch.setattr(bundle, "push_bundle", push_bundle)
    return found


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def push(monkeypatch: pytest.MonkeyPatch, *words: str) -> Any:
    monkeypatch.setattr(sys, "argv", ["foldline bundle", "--push", *words])
    return bundle.main()


def test_the_folder_that_was_proven_is_pushed_and_nothing_is_made(
    places: Places, pushed: list[dict[str, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    proven = files_of(places.bundle)
    assert push(monkeypatch) == {"folder": places.bundle, "pushed": {"version": 1}}
    assert pushed == [proven]
    assert files_of(places.bundle) == proven


def limit(places: Places, hours: float) -> None:
    with card_file(places.slug).open("a") as card:
        card.write(f"limits: {{hidden_rows: 70000, hours: {hours}}}\n")


CHANGES: list[tuple[str, Callable[[Places], object], str]] = [
    ("no proof", lambda it: it.proof.unlink(), r"was not proven, .* Run `foldline bundle --prove --push`\."),
    ("no bundle", lambda it: it.bundle.rename("elsewhere"), "was not proven"),
    ("a model", lambda it: (it.bundle / "SHA256SUMS").write_text(f"{'0' * 64}  model.bin\n"), "made or changed since"),
    ("the notebook", lambda it: (it.bundle / "infer.ipynb").write_text("{}"), "is not the one that was proven"),
    ("its network", lambda it: write_parcel(it.bundle, enable_internet="true"), "is not the one that was proven"),
    ("a further file", lambda it: (it.bundle / "more.txt").touch(), "is not the one that was proven"),
    ("a folder", lambda it: (it.bundle / ".ipynb_checkpoints").mkdir(), "is not the one that was proven"),
    ("a link to nothing", lambda it: (it.bundle / "more").symlink_to("none"), "is not the one that was proven"),
    ("its list, cut", lambda it: (it.bundle / "SHA256SUMS").write_text("0" * 40), "is not a list of hashes and files"),
    ("the run", lambda it: it.submission.write_text("id,dog,cat\n"), r"was proven for another .*submission.csv"),
    ("limits", lambda it: limit(it, 5), "other `limits` than those of the card, so nothing"),
    ("no run", lambda it: it.submission.unlink(), "was proven for another"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "said"), [one[1:] for one in CHANGES], ids=[one[0] for one in CHANGES])
def test_what_was_not_proven_or_has_changed_since_is_refused_before_anything_is_made(
    places: Places,
    pushed: list[dict[str, bytes]],
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Places], object],
    said: str,
) -> None:
    change(places)
    with pytest.raises(Refusal, match=said):
        push(monkeypatch)
    assert pushed == []


def test_a_bundle_that_is_too_slow_is_not_pushed_by_another_command_either(
    places: Places, pushed: list[dict[str, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(places, 9)
    forecast = {"hidden_rows": 70_000, "hours": 9.5, "limit": 9}
    write_json(places.proof, proof.read_json(places.proof) | {"forecast": forecast})
    with pytest.raises(Refusal, match=r"would take 9.5 hours for 70,000 hidden rows .* in the card is 9\. Leave out"):
        push(monkeypatch)
    assert pushed == []


def test_options_of_a_bundle_that_is_made(
    places: Places, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        push(monkeypatch, "--user", "me")
    assert "--push alone takes the proven one" in capsys.readouterr().err
