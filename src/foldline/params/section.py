"""Reading yaml into frozen, closed models; a mistake is one message with its path, its value and the valid ones."""

import functools
import operator
import re
import typing
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    TypeAdapter,
    ValidationError,
    model_serializer,
    model_validator,
)
from pydantic_core import CoreSchema, ErrorDetails, PydanticCustomError
from pydantic_core.core_schema import no_info_before_validator_function

from foldline.files.refusal import Refusal, listed, shortened
from foldline.params.former_names import added, did_you_mean
from foldline.params.yaml_files import QUOTED, read_yaml


class Section(BaseModel):
    """A part of a yaml file: no unknown keys, no missing keys, no changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_keys(cls, value: Any) -> Any:
        unknown = [key for key in value if key not in cls.model_fields] if isinstance(value, Mapping) else []
        if unknown and cls.model_config.get("extra") == "forbid":
            raise PydanticCustomError(
                "unknown_keys", "unknown keys", {"found": unknown, "valid": sorted(cls.model_fields)}
            )
        return value


class Word(Section):
    """A kind that files name by its word alone where it has no key but `kind`."""

    kind: Any

    @model_serializer
    def _as_written(self) -> Any:
        keys = dict(self)
        return keys if len(keys) > 1 else self.kind


@dataclass(frozen=True)
class Kinds:
    """Stands next to a base class or a union in `Annotated`: pydantic reads one of its kinds, told by its `kind`."""

    members: tuple[type[Section], ...] = ()
    """Those of a union where there are none here."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        members = self.members or typing.get_args(source)
        names = [name for kind in members for name in typing.get_args(kind.model_fields["kind"].annotation)]

        def with_known_kind(value: Any) -> Any:
            is_word = isinstance(value, str) and issubclass(members[0], Word)
            found = {"kind": value} if is_word else value
            if isinstance(found, Mapping) and found.get("kind") not in names:
                known = {"found": found.get("kind"), "valid": names, "key": "" if is_word else ".kind"}
                raise PydanticCustomError("unknown_kind", "unknown kind", known)
            return found

        union = functools.reduce(operator.or_, members)
        schema = handler.generate_schema(Annotated[union, Field(discriminator="kind")] if len(members) > 1 else union)
        return no_info_before_validator_function(with_known_kind, schema)


Read = TypeVar("Read")

if TYPE_CHECKING:
    from typing_extensions import TypeForm
else:
    # A union of Sections is no `type`, and the checker that tests run under knows no TypeForm yet: any value will do.
    TypeForm = {Read: Any}

QUOTED_WORD = re.compile(r"'([^']*)'")
MOST_LINES, LONGEST_LINE = 20, 1_000
"""Of one message."""
OF_KEY = ".[key]"
"""What pydantic puts behind a key that is wrong itself."""


def read_section(path: Path, key: str, kind: TypeForm[Read]) -> Read:
    """The section `key` of the yaml file `path`, as `kind` (a Section, a union of Sections or a plain type).

    `train.seeds` is the key `seeds` of the section `train` alone: whoever reads no more depends on no more.
    """
    return section_of(read_yaml(path), key, kind, str(path))


def section_of(content: Any, key: str, kind: TypeForm[Read], source: str) -> Read:
    """The same of what was read before, from `source`."""
    keys = tuple(key.split("."))
    for name in keys:
        if not isinstance(content, Mapping) or name not in content:
            found = listed(content) if isinstance(content, Mapping) else repr(content)
            raise Refusal(f"{source}: the key `{key}` is missing, found {found}.")
        content = content[name]
    return parse(content, kind, source, keys)


def parse(value: Any, kind: TypeForm[Read], source: str, above: tuple[str, ...] = (), cure: str = "") -> Read:
    """`value` as `kind`. Raises Refusal with one line per mistake; `above` is the path of `value` in `source`."""
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        details = error.errors(include_url=False)
        lines = [line for one in details if not _follows(one, details) for line in _explain(one, value, above)]
        lines = [shortened(line, LONGEST_LINE) for line in dict.fromkeys(lines)]
        more = [f"and {len(lines) - MOST_LINES} more mistakes."] if len(lines) > MOST_LINES else []
        mistakes = f"{source}: " + f"\n{source}: ".join([*lines[:MOST_LINES], *more])
        raise Refusal(f"{mistakes} {cure}".rstrip()) from None


def _follows(detail: ErrorDetails, details: list[ErrorDetails]) -> bool:
    """A list is too short for pydantic when its items are wrong; these have a line of their own."""
    above = detail["loc"]
    return detail["type"] == "too_short" and any(
        len(other["loc"]) > len(above) and other["loc"][: len(above)] == above for other in details
    )


def _explain(detail: ErrorDetails, value: Any, above: tuple[str, ...]) -> Iterator[str]:
    # Pydantic names the chosen member of a union in the path (`schedule.one_cycle.peak`); the file does not.
    keys = _keys_in_file(detail["loc"], value)
    name, known = ".".join(str(key) for key in (*above, *keys)), detail.get("ctx", {})
    match detail["type"]:
        case "unknown_keys":
            for key in known["found"]:
                shown, hint = ".".join(filter(None, (name, str(key)))), did_you_mean(str(key), known["valid"])
                yield f"`{shown}` is not a known key.{hint} Valid here: {listed(known['valid'], 30)}."
        case "unknown_kind":
            hint = did_you_mean(str(known["found"]), known["valid"])
            wrong = "is missing." if known["found"] is None else f"is {known['found']!r}.{hint}"
            yield f"`{name}{known['key']}` {wrong} Valid: {listed(map(repr, known['valid']), 60)}."
        case "missing":
            yield f"`{name}` is missing.{added(name)}"
        case _:
            yield _explain_value(detail, name, _at(value, keys))


def _explain_value(detail: ErrorDetails, name: str, found: Any) -> str:
    message = detail["msg"].removeprefix("Value error, ")
    message = message[0].lower() + message[1:]
    match detail["type"], found:
        case "model_type" | "model_attributes_type", _:
            example = f", such as {{kind: {found}}}" if isinstance(found, str) and found.isidentifier() else ""
            return f"`{name}` is {found!r}: it must hold keys and values{example}."
        case "string_type", Mapping():
            return f"`{name}` is {found!r}, as yaml reads braces. {QUOTED}"
        case "tuple_type", _:
            return f"`{name}` is {found!r}: it must be a list, {_in_brackets(found)}."
        case "literal_error", str():
            valid = QUOTED_WORD.findall(detail["msg"])
            return f"`{name}` is {found!r}: {message}.{did_you_mean(found, valid)}"
        case "value_error", Mapping():
            # Said of a whole section, the message names its keys itself.
            return f"{message}."
        case _, Mapping():
            return f"`{name}`: {message}."
    if name.endswith(OF_KEY):
        return f"`{name.removesuffix(OF_KEY)}` is a key: {message}."
    return f"`{name}` is {found!r}: {message}."


def _in_brackets(found: Any) -> str:
    """The remedy for what is not a list."""
    if isinstance(found, str) and found.strip().startswith("["):
        return f"without quotes: {found.strip()}"
    return f"in brackets: [{'...' if found is None else found}]"


def _keys_in_file(path: tuple[int | str, ...], value: Any) -> list[int | str]:
    """An error's path without the steps that stand for a union's member, or for a list where the file has one item."""
    keys: list[int | str] = []
    here, tag_may_follow = value, True
    for step in path:
        if tag_may_follow and isinstance(here, Mapping) and here.get("kind", "") == step:
            tag_may_follow = False  # a key may be called like the member itself: `{kind: table, table: a.csv}`
        elif step == 0 and not isinstance(here, list | tuple):
            tag_may_follow = True
        else:
            keys.append(step)
            here, tag_may_follow = _at(here, [step]), True
    return keys


def _at(value: Any, keys: list[int | str]) -> Any:
    for key in keys:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return None
    return value


Fraction = Annotated[float, Field(ge=0, le=1)]
FractionBelowOne = Annotated[float, Field(ge=0, lt=1)]
Precision = Literal["float32", "bfloat16", "float16"]
"""The arithmetic of forward and backward passes; weights and logits are float32 whatever it is."""


def _each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise ValueError(f"it names {', '.join(repeated)} more than once")
    return names


EACH_ONCE = AfterValidator(_each_once)
Names = Annotated[tuple[str, ...], Field(min_length=1), EACH_ONCE]


def _has_both_ends(value: Any) -> Any:
    if isinstance(value, list | tuple) and None in value:
        raise ValueError(
            "it has two numbers; for an end that is open write one that nothing reaches ([0, 1000000]), or null "
            "instead of both"
        )
    return value


def _rises(ends: tuple[float, float] | None) -> tuple[float, float] | None:
    if ends is not None and ends[0] >= ends[1]:
        raise ValueError("the lowest number comes first")
    return ends


Range = Annotated[tuple[float, float] | None, BeforeValidator(_has_both_ends), AfterValidator(_rises)]
"""The ends of a range in a card; null where it has none."""
