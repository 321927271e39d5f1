"""How a record holds its image, or its images."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, PositiveInt

from foldline.archive.addresses import InRecord, address_in_record, value_at
from foldline.archive.record_files import Place, Record, matching_names
from foldline.archive.tables import refuse_absent_columns
from foldline.card.source_steps import regular
from foldline.files.refusal import Refusal, listed
from foldline.params.section import Section
from foldline.params.yaml_files import nested_values


class RecordImage(Section):
    """What a part of records says of them."""

    @property
    def needed(self) -> tuple[str, ...]:
        """The fields that say how many images a record has."""
        return ()

    def shows(self, column: str) -> bool:
        """Whether the column is, or belongs to, the image."""
        raise NotImplementedError

    def addresses(self, file: str, place: Place, record: Record) -> Iterator[str]:
        """Of its images. Raises ValueError for a record without the image's numbers."""
        raise NotImplementedError

    def refuse_absent(self, record: Record, fact: str, source: str) -> None:
        """Raises Refusal when the first record has no such image: then no one will have."""
        raise NotImplementedError


class EncodedImage(RecordImage):
    """An image file within the record, as bytes or in base64: `{kind: encoded, field: imgs.image}`.

    A field of a list names one in each of its items, all of them images of the row.
    """

    kind: Literal["encoded"]
    field: str

    @property
    def needed(self) -> tuple[str, ...]:
        return (self.field,)

    def shows(self, column: str) -> bool:
        # Next to an image's bytes a struct may hold its path, image.path.
        return column.partition(".")[0] == self.field.partition(".")[0]

    def addresses(self, file: str, place: Place, record: Record) -> Iterator[str]:
        for field in _expanded(record, self.field.split(".")):
            yield address_in_record(file, InRecord(place, (field,), "", 0, 0))

    def refuse_absent(self, record: Record, fact: str, source: str) -> None:
        if next(_expanded(record, self.field.split(".")), None) is None:
            refuse_absent_columns([(f"{fact}.field", self.field)], fields_of(record), source)


class ListedPixels(RecordImage):
    """Lists of height x width numbers, row by row, a field per channel; or text with blanks between the numbers.

    `{kind: listed, fields: [band_1, band_2], height: 75, width: 75}`
    """

    kind: Literal["listed"]
    fields: Annotated[tuple[str, ...], Field(min_length=1)]
    height: PositiveInt
    width: PositiveInt

    @property
    def needed(self) -> tuple[str, ...]:
        return self.fields

    def shows(self, column: str) -> bool:
        return column in self.fields

    def addresses(self, file: str, place: Place, record: Record) -> Iterator[str]:
        for field in self._absent(record):
            raise ValueError(f"the record at {place[0]} has no `{field}`, found {listed(record)}")
        yield address_in_record(file, InRecord(place, self.fields, "", self.height, self.width))

    def refuse_absent(self, record: Record, fact: str, source: str) -> None:
        absent = [(f"{fact}.fields", field) for field in self._absent(record)]
        refuse_absent_columns(absent, fields_of(record), source)

    def _absent(self, record: Record) -> list[str]:
        return [field for field in self.fields if field_value(record, field) is None]


class PixelColumns(RecordImage):
    r"""A column per pixel, row by row, by the numbers in their names; a pattern says which columns: `{kind: columns,
    pattern: "pixel\\d+", height: 28, width: 28}`."""

    kind: Literal["columns"]
    pattern: Annotated[str, AfterValidator(regular)]
    height: PositiveInt
    width: PositiveInt

    def shows(self, column: str) -> bool:
        return bool(matching_names(self.pattern, (column,)))

    def addresses(self, file: str, place: Place, record: Record) -> Iterator[str]:
        yield address_in_record(file, InRecord(place, (), self.pattern, self.height, self.width))

    def refuse_absent(self, record: Record, fact: str, source: str) -> None:
        columns, pixels = sum(map(self.shows, record)), self.height * self.width
        if columns != pixels:
            raise Refusal(
                f"{source}: {columns} columns fit {self.pattern!r} (the card's {fact}.pattern), but {self.height} x "
                f"{self.width} pixels take {pixels}. Found {listed(record, 8)}. Correct the card."
            )


def fields_of(record: Record) -> list[str]:
    """The names by which a card can name what a record holds: `patient.age` within `patient`."""
    return [name for name, value in nested_values(record) if not isinstance(value, dict)]


def field_value(record: Record, field: str) -> Any:
    """None for a field that is not there."""
    try:
        return value_at(record, field)
    except KeyError:
        return None


def _expanded(record: Any, keys: Sequence[str], above: tuple[str, ...] = ()) -> Iterator[str]:
    """The fields that `keys` lead to, with a place wherever there is a list on the way: imgs.0.image."""
    if isinstance(record, list):
        for place, item in enumerate(record):
            yield from _expanded(item, keys, (*above, str(place)))
    elif not keys:
        yield ".".join(above)
    elif isinstance(record, dict) and keys[0] in record:
        yield from _expanded(record[keys[0]], keys[1:], (*above, keys[0]))
