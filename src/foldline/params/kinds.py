"""A room of kinds, found by its folder: a new kind is a new class there, and no list names it."""

import importlib
import pkgutil
import sys
import typing
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any, TypeVar, cast

from foldline.params.section import Kinds, Section

Kind = TypeVar("Kind", bound=Section)


def union_of(room: str, base: type[Section]) -> Kinds:
    """What pydantic reads as one of the kinds of `base` that the package or module `room` holds, told by its `kind`.

    A kind is a subclass of `base` with `kind: Literal[...]`. Modules come in the order of their names, classes in that
    of their definition, so that the list in a refusal is the same everywhere. Call it at the top of a module, the
    room's door: `Losses = Annotated[Loss, union_of("foldline.training.losses", Loss)]`; the stage `code` finds the call
    and counts the whole room for whoever imports the door. The door may lie in the room; the room's other modules
    import `base` from elsewhere, not from the door.
    Raises ImportError where such a module imports the door, since its kinds would be missing, and where none is found.
    """
    found = [kind for module in _modules(room, _door()) for kind in _kinds(module, base)]
    if not found:
        raise ImportError(f"{room} holds no kind of {base.__name__}.")
    return Kinds(tuple(found))


def by_kind(union: Any, base: type[Kind]) -> Mapping[str, type[Kind]]:
    """The kinds of what is annotated by `union_of`, by their `kind`."""
    (kinds,) = (one for one in union.__metadata__ if isinstance(one, Kinds))
    members = cast(tuple[type[Kind], ...], kinds.members)
    return {name_of(kind): kind for kind in members}


def name_of(kind: type[Section]) -> str:
    return typing.get_args(kind.model_fields["kind"].annotation)[0]


def _door() -> str:
    """The module that is being imported."""
    frame = sys._getframe()
    while frame.f_back is not None and frame.f_code.co_name != "<module>":
        frame = frame.f_back
    return frame.f_globals["__name__"]


def _modules(room: str, door: str) -> Iterator[ModuleType]:
    """The module `room`, or all modules of the package `room`, nested ones too."""
    module = importlib.import_module(room)
    names = [entry.name for entry in pkgutil.walk_packages(getattr(module, "__path__", []), f"{room}.")]
    for name in sorted({room, *names}):
        found = importlib.import_module(name)
        if name != door and getattr(found.__spec__, "_initializing", False):
            raise ImportError(f"{name} is a module of the room {room}: it must not import the room's door {door}.")
        yield found


def _kinds(module: ModuleType, base: type[Section]) -> Iterator[type[Section]]:
    for member in vars(module).values():
        if isinstance(member, type) and issubclass(member, base) and member.__module__ == module.__name__:
            kind = member.model_fields.get("kind")
            if kind is not None and typing.get_origin(kind.annotation) is typing.Literal:
                yield member
