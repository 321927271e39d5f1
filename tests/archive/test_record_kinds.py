"""Records of json are found again by their bytes, whatever the encoding and the line ends."""

from pathlib import Path

import pytest

from foldline.archive.record_kinds import file_of_records


@pytest.mark.parametrize("code", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize(
    "text", ['{"id": "ä"}\n\n{"id": "bö"}\n', '{"id": "ä"}\r\n{"id": "bö"}', '[{"id":"ä"},{"id":"bö"}]']
)
def test_records_of_json_by_their_place(tmp_path: Path, text: str, code: str) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(text.encode(code))
    records = file_of_records(path, "a.json")
    found = list(records.read(None))
    assert [record["id"] for _, record in found] == ["ä", "bö"]
    assert [records.at(place) for place, _ in found] == [record for _, record in found]
