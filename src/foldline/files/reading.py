"""Whatever is wrong with a file that is read becomes one message with its name, what it is instead, and the cure."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from foldline.files.refusal import Refusal, shortened

CURE = "Remove the file and run the stage that writes it."


def missing(path: Path) -> Refusal:
    """The refusal for a file that an earlier stage should have written."""
    return Refusal(f"{path} does not exist. Run `dvc repro`, or the stage that writes it, first.")


@contextmanager
def reading(path: Path, kind: str, cure: str = CURE) -> Iterator[None]:
    """Around the reader of `path` alone. kind: what it should be, such as `a readable csv`.

    Raises Refusal for every error in the block: damaged bytes meet their readers with any error there is. What was read
    is looked at after the block, where an error is a mistake of ours.
    """
    try:
        if not path.exists():
            raise missing(path)
        if not path.is_file():
            raise Refusal(f"{path} is {'a folder' if path.is_dir() else 'no file'}, it must be {kind}. {cure}")
        yield
    except Refusal:
        raise
    except PermissionError:
        raise Refusal(f"{path} may not be read: you lack the permission. Change it (`chmod u+r {path}`).") from None
    except MemoryError:
        raise Refusal(f"{path} takes more memory than is free, or is not {kind}. {cure}") from None
    except RecursionError:
        raise Refusal(f"{path} is not {kind} (it is nested too deeply). {cure}") from None
    except Exception as error:
        raise Refusal(f"{path} is not {kind} ({shortened(f'{error}' or type(error).__name__)}). {cure}") from None
