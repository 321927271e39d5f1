"""Stages of one `dvc repro` that start warm: forks of a server that has imported what takes seconds (torch, timm).

The first stage that needs these imports starts the server, which ends with DVC. Such a stage is a thin process, known
to DVC as ever, that stands for its fork: it hands over its arguments, environment, folder and open files, passes
signals on, and ends as the fork ends, which never outlives it. Where anything differs from what the server has read
(code, the environment), or a system lacks what this needs (Linux), a stage starts by itself, as without a server.
"""

import atexit
import json
import os
import runpy
import select
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import NoReturn

from foldline.files.parent import OF_DVC, die_with_parent

OF_ONE_STAGE = (OF_DVC, "_")
"""Variables that differ between the stages of one DVC. By any other a library may have been imported otherwise."""
PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
FILES = (0, 1, 2)
NUMBER = struct.Struct("<q")
CREDENTIALS = struct.Struct("3i")
"""Process, user, group: unix(7)."""
DEVICES = ("/dev/nvidia", "/dev/kfd", "/dev/dri")
"""A driver of these that was opened before a fork serves neither side of it."""


def start_warm(words: Sequence[str], server: Sequence[str], may_start: bool) -> None:
    """Run `python -m WORDS` as a fork of DVC's server and end as it ends; return where it must start by itself.

    server: the command that calls `serve`. may_start: whether this stage starts a server where there is none.
    """
    try:
        connection = _connected(server, may_start)
        fork = connection and _forked(connection, words)
    except (OSError, AttributeError):  # a forbidden system call; a system that lacks it
        return
    if connection is None or fork is None:
        return
    for one in PASSED_ON:
        signal.signal(one, lambda number, _: _pass_on(fork, number))
    _end_as(_number(connection))


def _connected(server: Sequence[str], may_start: bool) -> socket.socket | None:
    """To the server of the process that started this one."""
    parent, connection = os.getppid(), socket.socket(socket.AF_UNIX)
    # Containers may share a network, and number their processes alike.
    container = Path("/proc/self/ns/pid").stat().st_ino
    address = f"\0foldline-{os.getuid()}-{container}-{parent}"  # abstract: it goes when the server goes
    with suppress(ConnectionRefusedError):
        connection.connect(address)
        # Whoever listens runs our command and reads our environment: only ourselves.
        return connection if _user(connection) == os.getuid() else None
    if not may_start:
        return None
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(address)
        door.listen()
        life = os.pidfd_open(parent)
        given = door.fileno(), life
        subprocess.Popen(
            [*server, *map(str, given)],
            env={name: value for name, value in os.environ.items() if name not in OF_ONE_STAGE},
            pass_fds=given,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C reaches the stage, which passes it on.
        )
        os.close(life)
        connection.connect(address)
    return connection


def _user(connection: socket.socket) -> int:
    """At the other end."""
    return CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size))[1]


def _forked(connection: socket.socket, words: Sequence[str]) -> int | None:
    """The fork's process; None where the server refuses, or failed to import something."""
    texts = json.dumps([*words]).encode(), json.dumps(dict(os.environ)).encode(), os.fsencode(Path.cwd())
    request = b"\0".join(texts)
    socket.send_fds(connection, [NUMBER.pack(len(request))], FILES)
    connection.sendall(request)
    return _number(connection)


def _number(connection: socket.socket) -> int | None:
    """None where the server has gone."""
    try:
        received = connection.recv(NUMBER.size, socket.MSG_WAITALL)
    except ConnectionResetError:
        return None
    return NUMBER.unpack(received)[0] if len(received) == NUMBER.size else None


def _pass_on(fork: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(fork, number)


def _end_as(code: int | None) -> NoReturn:
    if code is None:
        sys.exit("error: the process that DVC's stages are forks of was killed. Run the same command again to resume.")
    if code < 0:
        if -code in PASSED_ON:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)


def serve(door_file: int, life: int, modules: Iterable[str], folders: Iterable[Path]) -> None:
    """Import `modules`, then fork for each stage that connects, until DVC ends.

    door_file: of the socket that listens. life: DVC's, a pidfd. folders: of our code, which may change meanwhile. Of a
    fork this raises SystemExit, so that it ends as every process does.
    """
    codes: list[int] = []
    atexit.register(_end_at_once, codes)  # The first that is registered is called last.
    read = _last_changes(folders), dict(os.environ)
    _import(modules, life)
    can_fork = not _holds_a_device()
    with socket.socket(fileno=door_file) as door:
        while life not in _ready(door.fileno(), life):
            connection, _ = door.accept()
            with connection:
                if _user(connection) != os.getuid() or not can_fork:
                    continue
                words, environment, folder, files = _request(connection)
                shared = {name: value for name, value in environment.items() if name not in OF_ONE_STAGE}
                if (_last_changes(folders), shared) != read:
                    return  # This stage starts by itself; the next that needs a server starts another.
                fork = os.fork()
                if fork == 0:
                    _become(words, environment, folder, files, codes)
                for file in files:
                    os.close(file)
                _stand_by(connection, fork, life)


def _import(modules: Iterable[str], life: int) -> None:
    """It takes seconds, in which nobody else would notice that DVC has ended."""
    imported, importing = os.pipe()
    watching = Thread(target=lambda: life in _ready(imported, life) and os._exit(0))
    watching.start()
    try:
        for module in modules:
            import_module(module)
    finally:  # No thread is left to a fork.
        os.close(importing)
        watching.join()
        os.close(imported)


def _holds_a_device() -> bool:
    return any(os.path.realpath(file).startswith(DEVICES) for file in Path("/proc/self/fd").iterdir())


def _ready(*files: int) -> list[int]:
    """Which of these can be read, or have ended; waits for the first."""
    waiting = select.poll()
    for file in files:
        waiting.register(file, select.POLLIN)
    return [file for file, _ in waiting.poll()]


def _last_changes(folders: Iterable[Path]) -> dict[Path, int]:
    """Of each file of the code, in ns."""
    return {file: file.stat().st_mtime_ns for folder in folders for file in folder.rglob("*.py")}


def _request(connection: socket.socket) -> tuple[list[str], dict[str, str], str, list[int]]:
    """Arguments, environment, folder, and the files that are to be standard input, output and error."""
    size, files, *_ = socket.recv_fds(connection, NUMBER.size, len(FILES))
    words, environment, folder = connection.recv(NUMBER.unpack(size)[0], socket.MSG_WAITALL).split(b"\0")
    return json.loads(words), json.loads(environment), os.fsdecode(folder), files


def _become(
    words: Sequence[str], environment: dict[str, str], folder: str, files: Sequence[int], codes: list[int]
) -> NoReturn:
    """In the fork: the process that `python -m WORDS` would start. codes: gets the one that it ends with."""
    die_with_parent(os.getppid())
    os.setpgid(0, 0)
    for file, standard in zip(files, FILES, strict=True):
        os.dup2(file, standard)
        os.close(file)
    # Python asks once, as it starts, whether it writes to a terminal, and whether it may seek there.
    output = sys.stdout.fileno()
    sys.stdout = os.fdopen(output, "w", 1 if os.isatty(output) else -1, sys.stdout.encoding, closefd=False)
    try:
        run_as_started(words, environment, Path(folder))
    except SystemExit as end:
        codes.append(end.code if isinstance(end.code, int) else 0 if end.code is None else 1)
        raise


def _end_at_once(codes: Sequence[int]) -> None:
    """Python's last act in a fork that ends with this code. What it would do next is to take apart all that the server
    has imported: a fork copies it for that, page by page, which takes longer than most stages work."""
    if codes:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(codes[0])


def run_as_started(words: Sequence[str], environment: Mapping[str, str], folder: Path) -> NoReturn:
    """What `python -m WORDS` does there, in a fork that has its files already; ends by SystemExit."""
    os.environ |= environment
    os.chdir(folder)
    sys.argv = [*words]
    try:
        runpy.run_module(words[0], run_name="__main__", alter_sys=True)
    except Exception as error:
        sys.excepthook(type(error), error, error.__traceback__)  # The script's own, which prints no secrets.
        sys.exit(1)
    sys.exit(0)


def _stand_by(connection: socket.socket, fork: int, life: int) -> None:
    """Tell the stage its fork's number, then how it ended; kill the fork where the stage or DVC has gone."""
    ended = os.pidfd_open(fork)
    with suppress(BrokenPipeError):
        connection.sendall(NUMBER.pack(fork))
    if ended not in _ready(ended, connection.fileno(), life):
        os.kill(fork, signal.SIGKILL)
    _, status = os.waitpid(fork, 0)
    os.close(ended)
    with suppress(BrokenPipeError):
        connection.sendall(NUMBER.pack(os.waitstatus_to_exitcode(status)))
