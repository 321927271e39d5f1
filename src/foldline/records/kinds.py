"""Which files hold records, by the end of their names."""

from pathlib import Path

from foldline.records.bson import BsonRecords
from foldline.records.csvs import CsvRecords
from foldline.records.jsons import JsonRecords
from foldline.records.parquet import ParquetRecords
from foldline.records.record_file import RecordFile
from foldline.records.tfrecord import TfRecords

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
