from pathlib import Path

import pytest

from foldline.files.refusal import Refusal
from foldline.local_kaggle.evaluation import Solution, evaluate, read_solution
from tests.metrics.of_kind import metric_of_kind

ACCURACY = metric_of_kind("accuracy")


@pytest.fixture
def solution(tmp_path: Path) -> Solution:
    path = tmp_path / "solution.csv"
    path.write_text("id,label,Usage\n007,NA,Public\n8,b,Private\n9,b,Ignored\n")
    return read_solution(path, ("id", "label"), "refused")


def test_public_and_private_rows_are_scored_apart(solution: Solution) -> None:
    evaluation = evaluate("id,label\n9,NA\n8,NA\n007,NA\n", solution, ACCURACY)
    assert (evaluation.public_score, evaluation.private_score, evaluation.error) == ("1.00000", "0.00000", "")


@pytest.mark.parametrize(
    ("csv", "said"),
    [
        ("id,class\n007,b\n8,b\n9,b\n", "missing label; unexpected class"),
        ("id,label\n007,b\n8,b\n8,b\n", "The id '8' appears more than once"),
        ("id,label\n7,b\n8,b\n9,b\n", "ids missing: 007; ids unknown: 7"),
        ("id,label\n8,b\n9,b\n", "must have 3 rows, it has 2"),
        ("", "Could not parse the submission as csv"),
    ],
)
def test_rows_and_columns_must_match(solution: Solution, csv: str, said: str) -> None:
    evaluation = evaluate(csv, solution, ACCURACY)
    assert said in evaluation.error
    assert (evaluation.public_score, evaluation.private_score) == ("", "")


def test_extra_columns_are_ignored_where_the_host_says_so(tmp_path: Path) -> None:
    path = tmp_path / "solution.csv"
    path.write_text("id,label,Usage\n1,a,Public\n")
    submission = "note,id,label\nx,1,a\n"
    refusing, ignoring = (read_solution(path, ("id", "label"), what) for what in ("refused", "ignored"))
    assert "unexpected note" in evaluate(submission, refusing, ACCURACY).error
    assert evaluate(submission, ignoring, ACCURACY).public_score == "1.00000"


def test_without_usage_the_same_rows_are_always_public(tmp_path: Path) -> None:
    path = tmp_path / "solution.csv"
    path.write_text("id,label\n" + "".join(f"{number},a\n" for number in range(400)))
    usage = read_solution(path, ("id", "label"), "refused").usage
    assert 160 < (usage == "Public").sum() < 240
    # sha256("0") begins with 5f, sha256("3") with 4e, sha256("5") with ef.
    assert [usage["0"], usage["3"], usage["5"]] == ["Public", "Public", "Private"]


def test_a_solution_without_answers(tmp_path: Path) -> None:
    path = tmp_path / "solution.csv"
    path.write_text("id,Usage\n1,Public\n")
    with pytest.raises(Refusal, match="id column `id` and the answers, found id, Usage"):
        read_solution(path, ("id", "label"), "refused")


def test_numbers_beyond_the_range_make_a_submission_invalid(tmp_path: Path) -> None:
    path = tmp_path / "solution.csv"
    path.write_text("id,x,Usage,Weight\n1,1,Public,1\n2,7,Public,3\n")
    solution = read_solution(path, ("id", "x"), "refused", (1.0, 100.0))
    metric = metric_of_kind("mse")
    assert "'0.5' in column 'x' for id '2' is not in [1, 100]" in evaluate("id,x\n1,1\n2,0.5\n", solution, metric).error
    assert evaluate("id,x\n1,1\n2,5\n", solution, metric).public_score == "3.00000", "the second row counts three times"
