import gzip
from pathlib import Path

from foldline.competition.submission_check import line_of

TEXT = '\ufeffid,note\n\n  \n1,a\n"2","b\nc"\r\n\n,\n4,d\n'


def test_lines_are_those_of_an_editor(tmp_path: Path) -> None:
    for path, content in ((tmp_path / "a.csv", TEXT.encode()), (tmp_path / "a.csv.gz", gzip.compress(TEXT.encode()))):
        path.write_bytes(content)
        assert [line_of(path, record) for record in range(5)] == [1, 4, 5, 8, 9]
