"""How every script starts and ends: its arguments, its settings, its answer, or one message that says what is wrong."""

import argparse
import errno
import io
import os
import select
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import FrameType, ModuleType, TracebackType
from typing import NoReturn

from foldline.files.places import ALL_ROWS, FoldName, Places, card_file
from foldline.files.redaction import without_secrets
from foldline.files.refusal import Refusal
from foldline.files.whole_files import FULL_DISK, naming_a_full_disk
from foldline.params.section import Read, TypeForm, read_section
from foldline.params.yaml_files import read_yaml
from pipelines.answers import FLAG, Answer, keep_stdout, wants_json, write_answer
from pipelines.mending import mend

INTERRUPTED = 128 + signal.SIGINT
UNREAD = 128 + signal.SIGPIPE
NO_TEMPORARY = f"[Errno {errno.ENOENT}] No usable temporary directory"
"""What Python says where it cannot write a file to try."""
UNUSABLE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO)
MISPLACED = (errno.ENAMETOOLONG, errno.EISDIR, errno.ENOTDIR, errno.ELOOP, errno.EMFILE)
AGAIN = "run the same command again to resume"


@dataclass(frozen=True)
class Settings:
    """The files of one experiment. A stage asks for the sections that it tracks in dvc.yaml, and for no other."""

    params: Path
    slug: str

    @property
    def places(self) -> Places:
        return Places(self.slug)

    @property
    def card(self) -> Path:
        return card_file(self.slug)

    def section(self, key: str, kind: TypeForm[Read]) -> Read:
        return read_section(self.params, key, kind)

    def aside(self, key: str, kind: TypeForm[Read]) -> Read:
        """A section that no stage tracks: it changes nothing that is computed."""
        return read_section(self.params, key, kind)

    def fact(self, key: str, kind: TypeForm[Read]) -> Read:
        """A section of the card."""
        return read_section(self.card, key, kind)


def read_settings(params: Path = Path("params.yaml")) -> Settings:
    slug = read_yaml(params).get("competition")
    if not isinstance(slug, str):
        raise Refusal(
            f"{params}: `competition` is {slug!r}, it must be a competition's slug (dog-breed-identification)."
        )
    return Settings(params, slug)


def settings_of(competition: str | None) -> Settings:
    """Of the competition with this slug; None for that of params.yaml."""
    return read_settings() if competition is None else Settings(Path("params.yaml"), competition)


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        if wants_json():
            raise Refusal(f"{message}. {' '.join(self.format_usage().split())}")
        super().error(message)


def parser(description: str | None) -> argparse.ArgumentParser:
    """Every script's module docstring is its `--help`."""
    script = Parser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)
    script.add_argument(FLAG, action="store_true", help="answer with one JSON object, and nothing else, on stdout")
    return script


def fold_name(text: str) -> FoldName:
    """What `--fold` takes: a number, or a training on all rows."""
    return text if text in ALL_ROWS else int(text)


def seed_number(text: str) -> int:
    """What `--seed` takes: a whole number from 0."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not an integer of 0 or more")
    return int(text)


def launched_arguments() -> list[str]:
    """This script's own, for further processes of it: these leave the answer to the first."""
    return [word for word in sys.argv[1:] if word != FLAG]


def run(script: Callable[[], Answer | None]) -> None:
    """Call `script`; exit with 1 and its message when it refuses, with 130 when it is interrupted.

    What it returns is its answer to `--json`. DVC records a stage that exits with 0 on Ctrl-C as done, with whatever is
    on disk. Where nobody reads on (`| head`), it ends without a word, as programs do that know the signal.
    """
    sys.excepthook = _print_traceback
    try:
        _open_stdout()
        signal.signal(signal.SIGTERM, _interrupt)
        if wants_json():
            keep_stdout()
        mend()
        tracked().note()
        answer = _answer_of(script)
        tracked().refuse_changes()
        with naming_a_full_disk(Path("standard output")):
            write_answer(answer)
            sys.stdout.flush()
    except Refusal as refusal:
        _refuse(str(refusal))
    except KeyboardInterrupt as interrupt:
        # A second one, as from a terminal and a launcher at once, would end in a traceback.
        _ignore_interrupts()
        # A training says after which epoch.
        following = " ".join([AGAIN, *map(str, interrupt.args)])
        print(f"interrupted; {following}", file=sys.stderr)
        _end({"interrupted": following}, INTERRUPTED)
    except Exception as error:
        if isinstance(error, BrokenPipeError) and nobody_reads():
            sys.exit(UNREAD)
        if isinstance(error, MemoryError):
            _refuse("the memory is full. No file was left half-written. Free some, or use a machine with more.")
        of_disk = _of_disk(error)
        if of_disk is None:
            write_answer({"failed": without_secrets(f"{type(error).__name__}: {error}")})
            raise
        _refuse(f"{_why(of_disk)} No file was left half-written.")


def tracked() -> ModuleType:
    """By name: what is recorded of a stage is nothing that it computes by, so its digest is not of this."""
    return import_module("pipelines.tracked")


def _open_stdout() -> None:
    """Where it is closed (`>&-`), it goes nowhere, and not into the first file that is opened. Letters that its
    encoding lacks (`PYTHONIOENCODING=ascii`) are written as Python's escapes."""
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _answer_of(script: Callable[[], Answer | None]) -> Answer:
    try:
        return script() or {}
    except SystemExit:  # argparse's, after --help
        sys.stdout.flush()
        raise


def nobody_reads() -> bool:
    """Whether standard output's reader has gone. Then the rest goes nowhere: Python would try once more at its end."""
    output = sys.stdout.fileno()
    waiting = select.poll()
    waiting.register(output, 0)  # of an error it tells unasked
    if not any(event & select.POLLERR for _, event in waiting.poll(0)):
        return False
    _discard_output()
    return True


def _discard_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _refuse(message: str) -> NoReturn:
    message = without_secrets(message)
    _end({"refused": message}, f"error: {message}")


def _end(answer: Answer, code: int | str) -> NoReturn:
    """Whether standard output takes the answer or not (`> /dev/full`)."""
    with suppress(OSError):
        write_answer(answer)
    try:
        sys.stdout.flush()
    except OSError:
        _discard_output()
    sys.exit(code)


def _print_traceback(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    print(without_secrets("".join(traceback.format_exception(kind, error, trace))), end="", file=sys.stderr)


def _why(error: OSError) -> str:
    where = error.filename or Path.cwd()
    if error.errno in FULL_DISK:
        return (
            f"the disk is full ({where}). What is kept to go on from (decoded images, checkpoints) takes space, too: "
            "free some and run it again."
        )
    if str(error).startswith(NO_TEMPORARY):
        return f"{error.strerror}: the disk is full, or these may not be written. Free some space and run it again."
    if error.errno == errno.EIO:
        return f"the disk cannot read or write {where} ({error.strerror}). Look at the system's log (dmesg)."
    if error.errno in MISPLACED:
        return f"{where} cannot be used ({error.strerror}): it must be an ordinary file or folder. Correct the path."
    return f"{where} may not be read or written ({error.strerror}). Correct its rights or owner, and run it again."


def _of_disk(error: BaseException | None) -> OSError | None:
    """The report of a disk among an error and those that led to it: torch raises one of its own on top."""
    while error is not None:
        has_told = str(error).startswith(NO_TEMPORARY)
        if isinstance(error, OSError) and (has_told or error.errno in (*FULL_DISK, *UNUSABLE, *MISPLACED)):
            return error
        error = error.__cause__ or error.__context__
    return None


def _ignore_interrupts() -> None:
    for again in (signal.SIGINT, signal.SIGTERM):
        signal.signal(again, signal.SIG_IGN)


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
