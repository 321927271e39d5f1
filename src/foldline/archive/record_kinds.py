"""Which files hold records, by the end of their names."""

from pathlib import Path

from foldline.archive.bson import BsonRecords
from foldline.archive.csvs import CsvRecords
from foldline.archive.jsons import JsonRecords
from foldline.archive.parquet import ParquetRecords
from foldline.archive.record_file import RecordFile
from foldline.archive.tfrecord import TfRecords

KINDS: dict[str, type[RecordFile]] = {
    ".json": JsonRecords,
    ".jsonl": JsonRecords,
    ".ndjson": JsonRecords,
    ".bson": BsonRecords,
    ".csv": CsvRecords,
    ".parquet": ParquetRecords,
    ".tfrec": TfRecords,
    ".tfrecord": TfRecords,
    ".tfrecords": TfRecords,
}


def file_of_records(path: Path, name: str) -> RecordFile:
    """The records of the file `path`, whose name in the archives is `name`. Raises ValueError for another kind."""
    suffix = Path(name).suffix.lower()
    if suffix not in KINDS:
        raise ValueError(f"`{name}` is no file of records: these end in {', '.join(KINDS)}")
    return KINDS[suffix](path)
