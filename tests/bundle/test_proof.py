"""`foldline bundle --prove`: the notebook itself, in an environment and a network of its own."""

import os
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest
import yaml

from foldline.bundle.image_environment import BLOCKED
from foldline.bundle.proof import hours, refuse_other_csv
from foldline.files.notebooks import WITHOUT_NETWORK, can_cut_off
from foldline.files.places import Places
from foldline.files.refusal import Refusal
from foldline.files.whole_files import read_json
from pipelines import bundle
from tests.bundle.finished import always_applied, card_of, finish
from tests.competitions import test_rsna_breast_cancer_detection

SLUG = "rsna-breast-cancer-detection"


def test_hours_are_what_is_once_and_what_is_per_row() -> None:
    record = {"seconds": {"decoding": 10.0, "models": 30.0, "rest": 0.0}, "rows": 20, "wall_seconds": 100.0}
    assert hours(record, 20) == pytest.approx(100 / 3600)
    assert hours(record, 20_000) == pytest.approx((60 + 40_000) / 3600)


def test_another_csv_is_refused_by_its_first_line_that_differs(tmp_path: Path) -> None:
    found, stored = tmp_path / "found.csv", tmp_path / "stored.csv"
    found.write_text("id,a\n1,0.5\n")
    stored.write_text("id,a\n1,0.6\n")
    with pytest.raises(Refusal, match=r"csv is not .*stored.csv: line 2 is '1,0.5', stored is '1,0.6'"):
        refuse_other_csv(found, stored)
    stored.write_text("id,a\n1,0.5\n2,0.5\n")
    with pytest.raises(Refusal, match=r"one of them has more lines"):
        refuse_other_csv(found, stored)


@pytest.mark.slow
def test_a_bundle_of_several_images_per_row_and_a_fitted_rule_is_proven(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    always_applied(monkeypatch)
    places = finish(card_of(SLUG), test_rsna_breast_cancer_detection.draw(), tmp_path, monkeypatch)
    # All that is installed here is the image's, so that no wheel but foldline's must be fetched.
    installed = {one.name: one.version for one in distributions() if one.name != "foldline"}
    here = f"# python: {sys.version_info.major}.{sys.version_info.minor}\n"
    Path("freeze.txt").write_text(here + "".join(f"{name}=={version}\n" for name, version in installed.items()))
    words = ["foldline bundle", "--user", "me", "--image-freeze", "freeze.txt", "--prove"]
    monkeypatch.setattr(sys, "argv", words)
    limit(places, hours=9)
    answer = bundle.main()

    proof = read_json(places.proof)
    assert proof == answer["proof"]
    assert proof["public"] | {"seconds": 0} == {"rows": 12, "equal": True, "seconds": 0}
    assert proof["other"]["lines"] == 6
    assert proof["other"]["unreadable"].startswith("test_images/20/")
    assert proof["forecast"]["hidden_rows"] == 1000
    assert proof["packages"]["numpy"]["here"] == proof["packages"]["numpy"]["listed"]
    assert "foldline" not in proof["packages"]
    assert "no forecast" not in capsys.readouterr().out

    limit(places, hours=0.0001)
    with pytest.raises(Refusal, match=r"take \d+\.\d hours for 1,000 hidden rows .* in the card is 0.0001"):
        bundle.main()


def limit(places: Places, hours: float) -> None:
    card = Path("pipelines/competitions") / f"{places.slug}.yaml"
    content = yaml.safe_load(card.read_text()) | {"limits": {"hidden_rows": 1000, "hours": hours}}
    card.write_text(yaml.safe_dump(content))


def test_where_no_namespace_is_allowed_python_s_sockets_reach_this_machine_alone(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(BLOCKED)
    code = (
        "import socket\n"
        "server = socket.create_server(('127.0.0.1', 0))\n"
        "socket.create_connection(server.getsockname()).close()\n"
        "for asked in (('192.0.2.1', 80), ('example.org', 80)):\n"
        "    try:\n"
        "        socket.create_connection(asked, timeout=5)\n"
        "    except OSError as error:\n"
        "        print(error)\n"
    )
    shown = {**os.environ, "PYTHONPATH": str(tmp_path)}
    ended = subprocess.run([sys.executable, "-c", code], env=shown, capture_output=True, text=True, check=True)
    assert ended.stdout == "no network here: 192.0.2.1\nno network here: example.org\n"


def test_a_namespace_has_this_machine_and_no_other() -> None:
    if not can_cut_off():
        pytest.skip("no network namespaces here")
    code = (
        "import socket\n"
        "server = socket.create_server(('127.0.0.1', 0))\n"
        "socket.create_connection(server.getsockname()).close()\n"
        "try:\n"
        "    socket.create_connection(('192.0.2.1', 80), timeout=5)\n"
        "except OSError as error:\n"
        "    print(error)\n"
    )
    ended = subprocess.run([*WITHOUT_NETWORK, sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == "[Errno 101] Network is unreachable\n"
