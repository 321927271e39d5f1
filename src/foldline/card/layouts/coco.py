"""Rows of a COCO-like json: images, annotations, categories, joined by their ids.

Source of the form: Lin et al., Microsoft COCO, 2014; iNaturalist and Herbarium competitions call the id `image_id`,
iMaterialist `imageId`, and they may leave all but a bare list of images in a test file.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar, Literal, cast

import pandas as pd

from foldline.archive.archives import Archives
from foldline.archive.budgets import refuse_join
from foldline.archive.file_names import normalised_paths
from foldline.archive.locating import located
from foldline.archive.tables import existing_file, refuse_absent_columns
from foldline.archive.texts import as_text, parsed_json
from foldline.card.layouts.part import Part, PartLines
from foldline.card.source_steps import TableFile
from foldline.card.sources import Source, after_steps, numbered
from foldline.card.templates import Template, columns_of, filled, parse_template
from foldline.files.refusal import Refusal, how, listed

OWN = "image_id"
IMAGE_IDS = (OWN, "imageId", "id")
"""What an image's id may be called, the surest first; an annotation's own `id` is another."""


class CocoPart(Part):
    """A json with `images`, and in train `annotations` and possibly `categories`; or a bare list of images.

    `{kind: coco, file: train_metadata.json, id: image_id, path: "train_images/{file_name}"}`

    Columns: the image's keys, with its own id (`image_id`, `imageId` or `id`) called `image_id`; the annotation's
    (`annotation_<key>` where an image has the key as well); the category's as `category_<key>`: a target is mostly
    `category_id` or `category_name`.
    """

    kind: Literal["coco"]
    file: Source
    """In a list what follows, as of a table."""
    path: Template

    source_key: ClassVar = "file"

    def lines(self, archives: Archives, fact: str, asked: Collection[str]) -> PartLines:
        """A line per image and annotation. Raises Refusal when the json has no images or annotates unknown ones."""
        first = cast(TableFile, self.file[0])
        lines, template = joined_lists(archives, first.name, first.encoding), parse_template(self.path)
        lines = numbered(lines.fillna("").astype("str"))
        # A line joins an image and an annotation: no file has such lines to count.
        lines = lines.set_index(pd.Index(lines[OWN], name=OWN))
        lines = after_steps(archives, lines, self.file)
        in_path = [(f"{fact}.path", column) for column in columns_of(template)]
        refuse_absent_columns(in_path, list(map(str, lines)), self.source(fact))
        paths, folder = located(normalised_paths(filled(template, lines), archives), archives, f"{fact}.path")
        return PartLines(self, fact, lines, paths, folder)


def joined_lists(archives: Archives, name: str, encoding: str | None = None) -> pd.DataFrame:
    """A line per image and annotation. Raises Refusal when the json has no images or annotates unknown ones."""
    source = f"{archives.folder}: `{name}`"
    lists = _lists(archives.read(existing_file(archives, name, (".json",))), source, encoding)
    images = _by_image_id(_table(lists["images"], source, "images"))
    columns = images
    if lists["annotations"]:
        columns = _annotated(images, _table(lists["annotations"], source, "annotations"), source)
    if lists["categories"] and "category_id" in columns:
        categories = _categories(_table(lists["categories"], source, "categories"), source)
        columns = columns.merge(categories, "left", "category_id")
    return columns


def _lists(content: bytes, source: str, encoding: str | None) -> dict[str, list[Any]]:
    try:
        parsed = parsed_json(content, encoding)
    except ValueError as error:
        cure = "Name another file or another kind in the card, or download it anew if it is damaged."
        raise Refusal(f"{source}, which a layout of kind `coco` reads, is not json{how(error, cure)}") from None
    if isinstance(parsed, list):
        parsed = {"images": parsed}
    if not isinstance(parsed, dict) or not parsed.get("images"):
        found = listed(parsed) if isinstance(parsed, dict) else type(parsed).__name__
        raise Refusal(
            f"{source} has no list `images`, found {found}. Name another file in the card, or another kind of layout."
        )
    return {name: parsed.get(name) or [] for name in ("images", "annotations", "categories")}


def _table(items: list[Any], source: str, name: str) -> pd.DataFrame:
    """Text in each column; an item is an object, or in `images` a bare file name."""
    if name == "images" and not isinstance(items[0], dict):
        items = [{"file_name": item, "image_id": item} for item in items]
    if not all(isinstance(item, dict) for item in items):
        raise Refusal(f"{source}: `{name}` holds {str(items[0])[:40]!r}, not objects with keys. Correct the card.")
    return pd.DataFrame(items).map(as_text).astype("str")


def _by_image_id(table: pd.DataFrame) -> pd.DataFrame:
    own = next((name for name in IMAGE_IDS if name in table), "image_id")
    return table.rename(columns={own: "image_id"})


def _annotated(images: pd.DataFrame, annotations: pd.DataFrame, source: str) -> pd.DataFrame:
    annotations = _by_image_id(annotations.drop(columns="id", errors="ignore"))
    for table, name in ((images, "images"), (annotations, "annotations")):
        if "image_id" not in table:
            raise Refusal(
                f"{source}: `{name}` has no `image_id` (nor `imageId`, `id`), found {listed(table)}. Correct the card."
            )
    both = (set(images) & set(annotations)) - {"image_id"}
    annotations = annotations.rename(columns={column: f"annotation_{column}" for column in both})
    unknown = annotations.loc[~annotations["image_id"].isin(images["image_id"]), "image_id"]
    if len(unknown):
        raise Refusal(
            f"{source}: {len(unknown)} annotations are of no image in `images`: image_id {listed(unknown, 3)}. "
            "Download it anew."
        )
    refuse_join(f"{source}: `images` and `annotations`", images, annotations, ["image_id"], "Download it anew.")
    return images.merge(annotations, "left", "image_id")


def _categories(categories: pd.DataFrame, source: str) -> pd.DataFrame:
    names = categories.rename(columns=lambda name: name if name.startswith("category_") else f"category_{name}")
    if "category_id" not in names:
        raise Refusal(f"{source}: `categories` has no `id`, found {listed(categories)}. Download it anew.")
    names = names.drop_duplicates()
    repeated = names.loc[names["category_id"].duplicated(), "category_id"]
    if len(repeated):
        raise Refusal(
            f"{source}: `categories` has several of one id: {listed(repeated.unique(), 3)}. Nobody can tell "
            "which is meant: download it anew, or correct it in a copy (`foldline download --from FOLDER`)."
        )
    return names
