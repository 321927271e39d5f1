"""A user's own function or class, found by the path of its Python file and its name."""

import linecache
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict

from foldline.files.places import OWN
from foldline.files.refusal import Refusal, listed, shortened
from foldline.files.whole_files import sha256_of_json
from foldline.params.section import Section


def _below_the_folder(file: str) -> str:
    path = Path(file)
    if path.is_absolute() or ".." in path.parts or path.suffix != ".py" or not path.is_relative_to(OWN):
        raise ValueError(f"an own file is a .py file below {OWN}/, such as {OWN}/arcface.py")
    return file


OwnFile = Annotated[str, AfterValidator(_below_the_folder)]


def _next_to_the_card(file: str) -> str:
    if Path(file).name != file or not file.endswith(".py"):
        raise ValueError("it is the name of a .py file next to the card, such as UBC-OCEAN.py")
    return file


CardFile = Annotated[str, AfterValidator(_next_to_the_card)]


class Own(Section):
    """A function or class in a user's own file; keys other than these three are its arguments."""

    model_config = ConfigDict(extra="allow")

    kind: Literal["python"]
    file: OwnFile
    name: str

    @property
    def arguments(self) -> Mapping[str, Any]:
        return self.model_extra or {}

    def load(self) -> Callable[..., Any]:
        """The object called `name`, without its arguments. Raises Refusal as load_own does."""
        return load_own(Path(self.file), self.name)

    def blamed(self) -> AbstractContextManager[None]:
        """Call it inside of this; see blamed()."""
        return blamed(Path(self.file), self.name)

    def refusal(self, what: str) -> Refusal:
        """`what`: a sentence whose subject is the function or class."""
        return Refusal(f"{self.file}: `{self.name}` {what}")


def load_own(file: Path, name: str) -> Callable[..., Any]:
    """The function or class `name` of the Python file `file`.

    Raises Refusal when there is no such file, when it is not valid Python, when its import fails, and when it has
    nothing callable of that name.
    """
    if not file.is_file():
        raise Refusal(f"{file} does not exist. {_there_is(file.parent)}")
    module = _imported(file.absolute(), str(file), file.read_bytes())
    if name not in vars(module):
        public = [key for key, value in vars(module).items() if _is_public(key, value, module)]
        raise Refusal(f"{file} has no `{name}`. It defines: {listed(public, 30)}.")
    found = getattr(module, name)
    if not callable(found):
        raise Refusal(f"{file}: `{name}` is a value ({shortened(repr(found), 60)}): a function or class is needed.")
    return found


@contextmanager
def blamed(file: Path, name: str) -> Iterator[None]:
    """Whatever is raised inside, other than a Refusal, becomes a Refusal that names the file, the line and `name`."""
    try:
        yield
    except Refusal:
        raise
    except Exception as error:
        raise Refusal(f"{file}: `{name}` failed: {explained(error, file)}") from None


def explained(error: BaseException, file: Path) -> str:
    """The error's type and text, and the last line of `file` that led to it, where there is one."""
    said = f"{type(error).__name__}: {shortened(str(error))}" if str(error) else type(error).__name__
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file.absolute())]
    return f"{said} (line {frames[-1].lineno}: {frames[-1].line})" if frames else said


def _there_is(folder: Path) -> str:
    if not folder.is_dir():
        return f"There is no folder {folder} either."
    return f"{folder} has: {listed(sorted(path.name for path in folder.glob('*.py')), 20)}."


def _is_public(key: str, value: object, module: ModuleType) -> bool:
    """Whether the file defines it, and does not merely import it."""
    return not key.startswith("_") and callable(value) and getattr(value, "__module__", None) == module.__name__


@lru_cache(maxsize=32)
def _imported(file: Path, shown: str, source: bytes) -> ModuleType:
    """`source`: the bytes of `file`, so that an edited file is imported again."""
    # A unique name: a file called torch.py or json.py hides no library, and an edited one is a module of its own.
    module = ModuleType(f"own_{file.stem}_{sha256_of_json([str(file), str(source)])[:12]}")
    module.__file__ = str(file)
    linecache.checkcache(str(file))
    sys.modules[module.__name__] = module  # Dataclasses look themselves up here.
    try:
        exec(compile(source, str(file), "exec"), vars(module))
    except Exception as error:
        del sys.modules[module.__name__]
        if isinstance(error, SyntaxError):
            where = f"line {error.lineno}: {(error.text or '').strip()}"
            raise Refusal(f"{shown} is not valid Python: {error.msg} ({where})") from None
        raise Refusal(f"{shown} cannot be imported: {explained(error, file)}") from None
    return module
