"""Section `layout` of a card: where rows and images lie in the competition's files.

Each part says its own kind. Whatever it is, it gives *columns* (of a table, named groups of a pattern, keys of
records), and the card's other sections name these. Paths are those in the archives, which
`python -m pipelines.doctor` lists.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from foldline.card.ranges import Range
from foldline.card.sources import Source, Walked, regular
from foldline.card.templates import IdTemplate, Template, Templates, as_list
from foldline.files.refusal import listed
from foldline.params.section import Section

Pixels = Annotated[int, Field(ge=1)]


class TablePart(Section):
    """A table with a line per image, and a template of the image's path.

    `{kind: table, table: train.csv, id: image_id, path: "train_images/{label}/{image_id}"}`
    """

    kind: Literal["table"]
    table: Source
    """A csv, tsv, json, parquet or npy file, and in a list what is done to its lines (sources.py). Whatever the file,
    the columns `line` and `row` number its lines, from 1 and from 0."""
    id: IdTemplate
    """A column, or a template over columns: `{patient_id}_{laterality}`. Lines of one id are one row with several
    images, unless the target is multilabel: then they may be one image with several labels, too."""
    path: Templates
    """`train/{id}.jpg`. With `*` it stands for every file that fits, all of them images of the row: `{id}/*.dcm`. A
    list names the files that are the channels of one image: `["{Id}_red.png", "{Id}_green.png", "{Id}_blue.png"]`.
    `X_train.npy[{row}]`, `train.npz/images.npy[{row}]` and `train.h5/images[{row}]` are rows of an array, and
    `train.h5/{id}` is a data set of an HDF5 file."""


class WalkPart(Section):
    r"""All files whose whole path fits a regular expression; its named groups are the columns.

    `{kind: walk, pattern: "(?P<label>Cover|UERD)/(?P<stem>\\d+)[.]jpg", id: "{label}/{stem}"}`
    """

    kind: Literal["walk"]
    pattern: Walked
    """In a list what is done to the lines: `[pattern, {kind: replace, column: label, values: {Cover: 0}}]`."""
    id: IdTemplate


class CocoPart(Section):
    """A json with `images`, and in train `annotations` and possibly `categories`; or a bare list of images.

    `{kind: coco, file: train_metadata.json, id: image_id, path: "train_images/{file_name}"}`

    Columns: the image's keys, with its own id (`image_id`, `imageId` or `id`) called `image_id`; the annotation's
    (`annotation_<key>` where an image has the key as well); the category's as `category_<key>`: a target is mostly
    `category_id` or `category_name`.
    """

    kind: Literal["coco"]
    file: Source
    """In a list further steps, as of a table."""
    id: IdTemplate
    path: Template


class EncodedPicture(Section):
    """An image file within the record, as bytes or in base64: `{kind: encoded, field: imgs.picture}`.

    A field of a list names one in each of its items, all of them images of the row.
    """

    kind: Literal["encoded"]
    field: str


class ListedPixels(Section):
    """Lists of height x width numbers, row by row, a field per channel; or text with blanks between the numbers.

    `{kind: listed, fields: [band_1, band_2], height: 75, width: 75}`
    """

    kind: Literal["listed"]
    fields: Annotated[tuple[str, ...], Field(min_length=1)]
    height: Pixels
    width: Pixels


class PixelColumns(Section):
    r"""A column per pixel, row by row; a pattern says which columns: `{kind: columns, pattern: "pixel\\d+", height: 28,
    width: 28}`."""

    kind: Literal["columns"]
    pattern: Annotated[str, AfterValidator(regular)]
    height: Pixels
    width: Pixels


Picture = Annotated[EncodedPicture | ListedPixels | PixelColumns, Field(discriminator="kind")]


class RecordsPart(Section):
    """A file of records that hold the images themselves: json (an array, or a record per line), BSON, csv, parquet,
    TFRecord.

    `{kind: records, file: train.bson, id: _id, picture: {kind: encoded, field: imgs.picture}}`
    """

    kind: Literal["records"]
    file: Source
    """With `*` every file that fits, one after the other: `train-*.tfrec`. In a list further steps, as of a table:
    `[train_image_data_*.parquet, train.csv]`."""
    id: IdTemplate
    """`line` and `row` are the number of the record, from 1 and from 0, for files without ids."""
    picture: Picture


def _of_its_kind(value: Any) -> Any:
    """Raises ValueError where the keys are those of another kind."""
    keys = set(value) if isinstance(value, dict) else set()
    kinds = {kind: set(model.model_fields) for kind, model in KINDS.items()}
    others = [kind for kind, its in kinds.items() if its == keys]
    kind = str(value["kind"]) if others else ""
    if kinds.get(kind, keys) != keys:
        raise ValueError(
            f"a part of layout with {listed(key for key in value if key != 'kind')} is of the kind `{others[0]}`, but "
            f"its `kind` is `{kind}`, which takes {listed(sorted(kinds[kind]))}: correct one or the other"
        )
    return value


KINDS = {"table": TablePart, "walk": WalkPart, "coco": CocoPart, "records": RecordsPart}
Part = Annotated[
    Annotated[TablePart | WalkPart | CocoPart | RecordsPart, Field(discriminator="kind")], BeforeValidator(_of_its_kind)
]


Parts = Annotated[tuple[Part, ...], BeforeValidator(as_list), Field(min_length=1)]
"""A part, or a list of them whose lines follow each other."""


class Layout(Section):
    """`{channels: 3, range: null, aggregate: mean, train: {...}, test: {...}}`"""

    channels: Annotated[int, Field(ge=1, le=512)]
    """How many channels the model gets: 3 is RGB, 1 is grey; others must be what the files hold."""
    range: Range
    """null: pictures of bytes (0 to 255; wider samples keep their high byte, DICOM its own window). Two numbers:
    samples are numbers, and these become 0 and 255 for the model, in half precision, without clipping: [-50, 50]."""
    aggregate: Literal["mean", "max"]
    """How the predictions of a row's images become the row's."""
    train: Parts
    test: Parts

    @model_validator(mode="after")
    def _names_a_file_per_channel(self) -> "Layout":
        for part in (*self.train, *self.test):
            files = len(part.path) if isinstance(part, TablePart) else 1
            if files not in (1, self.channels):
                raise ValueError(
                    f"a `path` of layout names {files} files for an image, but layout.channels is {self.channels}: "
                    "each file gives one channel, a colour picture its grey. Make them equal"
                )
        return self

    @model_validator(mode="after")
    def _rises(self) -> "Layout":
        if self.range is not None and self.range[0] >= self.range[1]:
            raise ValueError(f"layout.range is {list(self.range)}: the lowest number comes first")
        return self
