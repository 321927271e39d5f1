"""`--json`: one object on standard output, whatever happens, and nothing else there."""

import json
import subprocess
import sys
from typing import Any

import pytest

SCRIPT = """
import subprocess, sys
import numpy as np
from pathlib import Path
from foldline.files.refusal import Refusal
from pipelines.answers import write_answer
from pipelines.running import parser, run

def script():
    arguments = parser("A script.")
    arguments.add_argument("--fold", type=int)
    arguments.parse_args()
    print("for people")
    subprocess.run([sys.executable, "-c", "print('of a child')"])
    {ending}

run(script)
"""


def answered(ending: str, *arguments: str) -> tuple[int, Any, str]:
    """The exit code, the object, and what was said for people."""
    program = SCRIPT.format(ending=ending)
    ended = subprocess.run([sys.executable, "-c", program, "--json", *arguments], capture_output=True, text=True)
    return ended.returncode, json.loads(ended.stdout), ended.stderr


def test_what_is_said_for_people_goes_to_standard_error() -> None:
    code, answer, said = answered("return {'rows': 3}")
    assert (code, answer, set(said.splitlines())) == (0, {"rows": 3}, {"for people", "of a child"})


def test_without_the_flag_people_alone_are_answered() -> None:
    program = SCRIPT.format(ending="return {'rows': 3}")
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (set(ended.stdout.splitlines()), ended.stderr) == ({"of a child", "for people"}, "")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("float('nan')", None),
        ("np.float32(0.5)", 0.5),
        ("np.int64(3)", 3),
        ("np.arange(2)", [0, 1]),
        ("Path('a/b')", "a/b"),
        (r"'\udcff.png'", "\udcff.png"),
    ],
)
def test_values_become_jsons_own(written: str, read: Any) -> None:
    assert answered(f"return {{'value': {written}}}")[1] == {"value": read}


def test_a_refusal_is_an_object_too() -> None:
    code, answer, said = answered("raise Refusal('rows.parquet: the column `target` is missing.')")
    assert (code, answer) == (1, {"refused": "rows.parquet: the column `target` is missing."})
    assert said.endswith("error: rows.parquet: the column `target` is missing.\n")


def test_a_wrong_argument_is_refused() -> None:
    code, answer, _ = answered("return {}", "--fold", "x")
    assert code == 1
    assert answer["refused"].startswith("argument --fold: invalid int value: 'x'. usage: ")


def test_an_interrupted_script_says_so() -> None:
    code, answer, _ = answered("raise KeyboardInterrupt")
    assert (code, answer) == (130, {"interrupted": "run the same command again to resume"})
    code, answer, said = answered("raise KeyboardInterrupt('after epoch 5')")
    assert (code, answer) == (130, {"interrupted": "run the same command again to resume after epoch 5"})
    assert said.endswith("interrupted; run the same command again to resume after epoch 5\n")


def test_an_error_of_ours_keeps_its_traceback() -> None:
    code, answer, said = answered("raise KeyError('rows')")
    assert (code, answer) == (1, {"failed": "KeyError: 'rows'"})
    assert "Traceback" in said


def test_an_answer_may_come_before_the_end_and_is_the_only_one() -> None:
    assert answered("write_answer({'port': 80}); raise KeyboardInterrupt")[:2] == (130, {"port": 80})
