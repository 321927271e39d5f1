from foldline.competition.contents import contents
from tests.competition.conftest import Zipped


def test_files_are_counted_by_kind_and_tables_shown_by_their_columns(zipped: Zipped) -> None:
    files = {
        "labels.csv": "id,breed\n1,pug\n",
        "notes.csv": "",
        "readme.txt": "",
        "train/a/1.jpg": "",
        "train/b/2.jpg": "",
        "train/3.png": "",
    }
    assert dict(contents(zipped(files))) == {
        "labels.csv": "columns id, breed",
        "notes.csv": "no table with a header",
        "readme.txt": "1 file",
        "train/*/*.jpg": "2 files, as train/a/1.jpg",
        "train/3.png": "1 file",
    }


def test_what_is_too_much_is_summed_up(zipped: Zipped) -> None:
    folders = {f"f{number}/x.png": "" for number in range(25)} | {f"t/{number}.csv": "a\n" for number in range(9)}
    found = dict(contents(zipped(folders)))
    assert len(found) == 21
    assert found["and more"] == "6 kinds of file"
    assert dict(contents(zipped({f"t/{number}.csv": "a\n" for number in range(9)})))["t/*.csv"] == "9 files, as t/0.csv"
