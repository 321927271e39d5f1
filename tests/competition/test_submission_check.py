import errno
import gzip
from pathlib import Path

import pandas as pd
import pytest

from foldline.card.forms.form import Sample
from foldline.card.forms.label_forms import ConfidentLabel, HardLabel, Ranking
from foldline.card.forms.number_forms import ClassProbabilities, Number
from foldline.card.forms.set_forms import LabelSet, SetColumns
from foldline.card.submission import Submission
from foldline.competition.submission_check import check_submission
from foldline.files.refusal import Refusal

PROBABILITIES = ClassProbabilities(kind="class_probabilities", sample="sample.csv", id="id", extra_columns="refused")
LABEL = HardLabel(kind="label", sample="sample.csv", id="id", extra_columns="refused")
NUMBER = Number(kind="number", sample="sample.csv", id="id", extra_columns="ignored", range=(1, 100))
CONFIDENT = ConfidentLabel(kind="confident_label", sample="sample.csv", id="id", extra_columns="refused")
ANY_NUMBER = Number(kind="number", sample="sample.csv", id="id", extra_columns="ignored", range=None)
SET = LabelSet(kind="label_set", sample="sample.csv", id="id", extra_columns="refused", empty="refused")
DELIMITED_SET = LabelSet(
    kind="label_set", sample="sample.csv", id="id", extra_columns="refused", empty="allowed", delimiter="|"
)
FREE_SET = LabelSet(kind="label_set", sample="sample.csv", id="id", extra_columns="refused", empty="allowed")
COLUMNS = SetColumns(kind="set_columns", sample="sample.csv", id="id", extra_columns="refused", empty="refused")
FREE_COLUMNS = SetColumns(kind="set_columns", sample="sample.csv", id="id", extra_columns="refused", empty="allowed")
RANKING = Ranking(kind="ranking", sample="sample.csv", id="id", extra_columns="refused", length=3)
IDS = pd.Series(["007", "b", "b"], dtype="str")
SAMPLE = Sample(("id", "pug", "NA"), IDS, integers=False)
LABEL_SAMPLE = Sample(("id", "breed"), IDS, integers=False)
NUMBER_SAMPLE = Sample(("id", "level"), IDS, integers=True)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "submission.csv"


@pytest.mark.parametrize(
    ("text", "sample", "form"),
    [
        ("id,pug,NA\n007,0.5,0.5\nb,1,0\nb,1,0\n", SAMPLE, PROBABILITIES),
        ("NA,pug,id\n1e-7,0.9999999,b\n1,0,b\n0,1,007\n", SAMPLE, PROBABILITIES),
        ("id,breed\n007,NA\nb,null\nb,3\n", LABEL_SAMPLE, LABEL),
        ("id,level\n007,3\nb,0\nb,-1\n", NUMBER_SAMPLE, LABEL),
        ("id,note,breed\n007,x,1\nb,y,99.5\nb,,1e2\n", LABEL_SAMPLE, NUMBER),
        ("id,breed\n007,-1e9\nb,0\nb,7\n", LABEL_SAMPLE, ANY_NUMBER),
        ("id,breed\n007,a\nb,a b c d\nb,1\n", LABEL_SAMPLE, SET),
        ("id,breed\n007,\nb,1 2\nb,3\n", LABEL_SAMPLE, FREE_SET),
        ("id,breed\n007,a b|c\nb,\nb,3\n", LABEL_SAMPLE, DELIMITED_SET),
        ("id,breed\n007,a b c\nb,a\nb,c b\n", LABEL_SAMPLE, RANKING),
        ("id,breed\n007,8815 0.03\nb,a 1\nb,a -2.5e-3\n", LABEL_SAMPLE, CONFIDENT),
        ("id,NA,pug\n007,1,1\nb,0,1\nb,1.0,0\n", SAMPLE, COLUMNS),
        ("id,pug,NA\n007,0,0\nb,0,1\nb,1,0\n", SAMPLE, FREE_COLUMNS),
    ],
)
def test_what_a_grader_takes_is_accepted(path: Path, text: str, sample: Sample, form: Submission) -> None:
    path.write_text(text)
    check_submission(path, sample, form, distributions=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,pug\n007,1\nb,1\nb,1\n", "submission.csv: missing column: NA. Write the columns of the sample"),
        ("id,pug,NA,dingo\n007,1,0,0\nb,1,0,0\nb,1,0,0\n", "submission.csv: unexpected column: dingo. Write"),
        ("id,pug,NA\n007,1,0\nb,1,0\n", "1 id of the sample submission is missing (b), 0 are unknown"),
        (
            "id,pug,NA\n7,1,0\nb,1,0\nb,1,0\n",
            "(id `7`): the sample submission does not have this id. 1 id of the sample submission is missing (007)",
        ),
        (
            "id,pug,NA\n007,1,0\nb,,1\nb,1,0\n",
            "row 2 (id `b`): column `pug` is empty, it must be a number from 0 to 1",
        ),
        ("id,pug,NA\n007,1,0\nb,NA,1\nb,1,0\n", "row 2 (id `b`): column `pug` is 'NA', it must be a number"),
        ("id,pug,NA\n007,1,0\nb,1,0\nb,1.5,-0.5\n", "row 3 (id `b`): column `pug` is 1.5, it must be a number from 0"),
        ("id,pug,NA\n007,1,0\nb,0,inf\nb,1,0\n", "row 2 (id `b`): column `NA` is inf"),
        ("id,pug,NA\n007,1,0\nb,0.5,0.4999\nb,1,0\n", "row 2 (id `b`): its probabilities sum to 0.9999, not to one"),
        ("id,pug,NA\n007,1,0\n,1,0\nb,1,0\n", "row 2 (no id): column `id` is empty, it must be an id"),
        ("id,pug,NA\n\n007,1,0\nb,1,0,3,4\nb,1,0\n", "line 4: it has 5 fields, not 3"),
        ("id,pug,NA\n007,1,0,3\nb,1,0,3\nb,1,0,3\n", "its lines have more fields than there are columns"),
        ("", "is not a csv in UTF-8"),
        ("id,pug,NA\n", "2 ids of the sample submission are missing (007, b)"),
    ],
)
def test_probabilities_that_a_grader_would_not_take_are_refused(path: Path, text: str, message: str) -> None:
    path.write_text(text)

    with pytest.raises(Refusal) as refusal:
        check_submission(path, SAMPLE, PROBABILITIES, distributions=True)

    assert str(refusal.value).startswith(str(path))
    assert message in str(refusal.value)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["007,1,0.1", "b,1,0.5", "b,1,0"], "row 1 (id `007`): its probabilities sum to 1.1"),
        (["007,1,0", "b,1,-0.5", "b,x,0"], "row 2 (id `b`): column `NA` is -0.5, it must be a number from 0 to 1"),
        (["007,1,0", "b,1,x", "b,x,0"], "row 2 (id `b`): column `NA` is 'x', it must be a number from 0 to 1"),
        (["007,1,0", "b,2,0", ",1,0"], "row 2 (id `b`): column `pug` is 2.0"),
        (["007,1,0", "b,1,0.5", "b,1000000000000000000000,0"], "row 2 (id `b`): its probabilities sum to 1.5"),
        (["007,1,0", "b,1,0", "b,1000000000000000000000,0"], "row 3 (id `b`): column `pug` is 1e+21"),
        (["", "", "007,1,0", " ", "b,1,1", "b,1,0"], "row 2 (id `b`): its probabilities sum to 2"),
        (["zzz,1,0", "b,1,0", "b,1,1"], "row 1 (id `zzz`): the sample submission does not have this id. Correct it"),
        (["007,1,0", "007,1,0", "b,1,1"], "row 2 (id `007`): the sample submission has this id once, and above it"),
        (["007,1,0", "b,1,0", "b,1,0", "b,1,0"], "row 4 (id `b`): the sample submission has this id 2 times, and"),
        (["007,1,0", "b,1,0", "c,1,0"], "row 3 (id `c`): the sample submission does not have this id. 1 id of the sa"),
    ],
)
def test_the_first_of_several_violations_is_named(path: Path, lines: list[str], message: str) -> None:
    path.write_text("\n".join(["id,pug,NA", *lines]))
    with pytest.raises(Refusal) as refusal:
        check_submission(path, SAMPLE, PROBABILITIES, distributions=True)
    assert message in str(refusal.value)


def test_a_label_that_cannot_exist_comes_before_a_later_line_without_one(path: Path) -> None:
    path.write_text("id,breed\n007,cat\nb,\nb,pug\n")
    with pytest.raises(Refusal, match=r"row 1 \(id `007`\): column `breed` names 'cat', which is not a label"):
        check_submission(path, LABEL_SAMPLE, LABEL, distributions=False, names=("pug",))


def test_a_column_that_stands_twice_is_refused_where_others_are_ignored(path: Path) -> None:
    path.write_text("id,breed,breed\n007,1,2\nb,1,2\nb,1,2\n")
    with pytest.raises(Refusal, match=r"its header names breed twice\. Write the sample's columns, each once"):
        check_submission(path, LABEL_SAMPLE, NUMBER, distributions=False)


def test_probabilities_of_several_labels_need_not_sum_to_one(path: Path) -> None:
    path.write_text("id,pug,NA\n007,1,1\nb,0,0\nb,0.2,0.3\n")
    check_submission(path, SAMPLE, PROBABILITIES, distributions=False)


@pytest.mark.parametrize(
    ("text", "sample", "form", "message"),
    [
        (
            "id,breed\n007,pug\nb,\nb,pug\n",
            LABEL_SAMPLE,
            LABEL,
            "row 2 (id `b`): column `breed` is empty, it must be a label",
        ),
        (
            "id,level\n007,3\nb,2\nb,2.0\n",
            NUMBER_SAMPLE,
            LABEL,
            "row 3 (id `b`): column `level` is '2.0', it must be an integer",
        ),
        (
            "id,breed\n007,3\nb,0.9\nb,2\n",
            LABEL_SAMPLE,
            NUMBER,
            "row 2 (id `b`): column `breed` is 0.9, it must be a nu",
        ),
        ("id,breed\n007,3\nb,inf\nb,2\n", LABEL_SAMPLE, ANY_NUMBER, "column `breed` is inf, it must be a number"),
        ("id,breed\n007,a b\nb,\nb,c\n", LABEL_SAMPLE, SET, "column `breed` is empty, it must be one or more labels"),
        (
            "id,breed\n007,a b\nb,a  b\nb,c\n",
            LABEL_SAMPLE,
            FREE_SET,
            "column `breed` is 'a  b', it must be labels with",
        ),
        (
            "id,breed\n007,8815 0.03\nb,8815\nb,c 1\n",
            LABEL_SAMPLE,
            CONFIDENT,
            "row 2 (id `b`): column `breed` is '8815', it must be a label and its confidence, a number",
        ),
        (
            "id,breed\n007,a b\nb,a| b\nb,c\n",
            LABEL_SAMPLE,
            DELIMITED_SET,
            "is 'a| b', it must be labels with '|' between",
        ),
        ("id,breed\n007,1\nb,\nb,12\n", LABEL_SAMPLE, FREE_SET, "`breed` holds single integers or nothing"),
        (
            "id,breed\n007,a b c d\nb,a\nb,b\n",
            LABEL_SAMPLE,
            RANKING,
            "'a b c d', it must be 1 to 3 labels with one space",
        ),
        (
            "id,pug,NA\n007,1,0\nb,1,0.5\nb,2,0\n",
            SAMPLE,
            FREE_COLUMNS,
            "row 2 (id `b`): column `NA` is 0.5, it must be 0 or 1",
        ),
        ("id,pug,NA\n007,1,0\nb,True,0\nb,,0\n", SAMPLE, FREE_COLUMNS, "row 2 (id `b`): column `pug` is 'True', it"),
        ("id,pug,NA\n007,1,0\nb,0,0\nb,2,0\n", SAMPLE, COLUMNS, "row 2 (id `b`): none of its columns is 1, it must"),
        ("id,breed\n007,a\nb,\nb,b\n", LABEL_SAMPLE, RANKING, "row 2 (id `b`): column `breed` is empty"),
    ],
)
def test_answers_that_a_grader_would_not_take_are_refused(
    path: Path, text: str, sample: Sample, form: Submission, message: str
) -> None:
    path.write_text(text)

    with pytest.raises(Refusal) as refusal:
        check_submission(path, sample, form, distributions=False)

    assert message in str(refusal.value)


def test_lines_count_on_through_all_blocks(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("foldline.competition.submission_check.BLOCK_CELLS", 3)
    path.write_text("id,pug,NA\n007,1,0\nb,1,0\nb,1,1\n")

    with pytest.raises(Refusal, match=r"row 3 \(id `b`\): its probabilities sum to 2"):
        check_submission(path, SAMPLE, PROBABILITIES, distributions=True)


def test_a_file_that_is_not_there_is_refused(path: Path) -> None:
    with pytest.raises(Refusal, match=r"submission\.csv does not exist"):
        check_submission(path, SAMPLE, PROBABILITIES, distributions=True)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.csv", b"", r"empty\.csv is not a csv in UTF-8 \(No columns to parse from file\)"),
        ("image.csv", b"\xff\xd8\xff\xe0\0\x10JFIF", r"image\.csv is not a csv in UTF-8 \('utf-8' codec can't"),
        ("tabs.csv", b"id\tpug\tNA\n007\t1\t0\n", r"missing columns: id, pug, NA; unexpected column: id\tpug"),
        ("other.csv.tar", b"id,pug,NA\n", r"other\.csv\.tar cannot be read \(file could not be opened .*Name a csv"),
        ("zeros.csv", bytes(99), r"zeros\.csv is not a csv in UTF-8 \(its first line is not text\)"),
        ("packed.csv", gzip.compress(b"id", mtime=0), r"packed\.csv is not a csv in UTF-8"),
        ("other.csv.gz", b"id,pug,NA\n", r"other\.csv\.gz cannot be read \(Not a gzipped file"),
        (
            "cut.csv.gz",
            gzip.compress(b"id,pug,NA\n", mtime=0)[:-9],
            r"cut\.csv\.gz cannot be read \(Compressed file ended",
        ),
    ],
)
def test_what_is_no_csv_is_refused(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Refusal, match=message):
        check_submission(tmp_path / name, SAMPLE, PROBABILITIES, distributions=True)


def test_a_folder_and_a_file_without_rights_are_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.mkdir()
    with pytest.raises(Refusal, match=r"submission\.csv cannot be read \(.*Is a directory.*Name a csv"):
        check_submission(path, SAMPLE, PROBABILITIES, distributions=True)

    def refuse(*arguments: object, **options: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(pd, "read_csv", refuse)  # whoever runs the tests may read everything
    with pytest.raises(Refusal, match=r"cannot be read \(.*Permission denied.*one that you may read"):
        check_submission(path, SAMPLE, PROBABILITIES, distributions=True)
