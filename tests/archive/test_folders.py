import os
from pathlib import Path

import pytest

from foldline.archive.folders import files_below
from foldline.files.refusal import Refusal


def test_links_are_followed_once_and_what_is_no_file_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for folder in (tmp_path / "elsewhere", pictures):
        (folder / "a.png").touch()
    (pictures / "linked").symlink_to(tmp_path / "elsewhere")
    (pictures / "itself").symlink_to(".")
    (pictures / "above").symlink_to("..")
    os.mkfifo(pictures / "pipe.png")
    assert files_below(pictures) == ["a.png", "linked/a.png"]
    (pictures / "gone.png").symlink_to("nowhere.png")
    with pytest.raises(Refusal, match=r"gone\.png is a link to what is not there"):
        files_below(pictures)
