"""What a person sees of a queue: a live line per slot and one for all, or, without a terminal, a line per event."""

from collections.abc import Mapping, Sequence
from statistics import mean

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from foldline.fan_out.queue import Ended, Running
from foldline.files.progress import duration

SHOWN_LINES = 15
"""Of the log of an item that failed: a refusal has one, a traceback's cause is among its last."""


class Display:
    """Use it as a context; it writes to standard error, so that standard output is the command's own."""

    def __init__(self, items: int, slots: int, console: Console | None = None) -> None:
        self._items, self._slots = items, slots
        self._console = console or Console(stderr=True, highlight=False, soft_wrap=True)
        self._live = Live(console=self._console, transient=True, auto_refresh=False)

    def __enter__(self) -> "Display":
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def begin(self, running: Running) -> None:
        self._say(f"{running.item.name}: started; its log is {running.item.log}")

    def show(self, running: Mapping[int, Running], waiting: int, ended: Sequence[Ended]) -> None:
        if self._console.is_terminal:
            lines = [self._whole(running, waiting, ended), *(_line(slot, running[slot]) for slot in sorted(running))]
            self._live.update(Group(*(Text(line, overflow="ellipsis", no_wrap=True) for line in lines)), refresh=True)

    def fail(self, running: Running, code: int) -> None:
        attempts = f"attempt {running.attempt} of {running.item.attempts}"
        self._say(f"{running.item.name}: {how_it_ended(code)} in {attempts}; it is started again. The end of its log:")
        self._say(log_end(running))

    def end(self, ended: Ended) -> None:
        if ended.is_done:
            self._say(f"{ended.item.name}: done in {duration(ended.seconds)}")
            return
        if ended.stopped is not None:
            self._say(f"{ended.item.name}: stopped after {duration(ended.seconds)}: {ended.stopped}")
            return
        self._say(f"{ended.item.name}: {how_it_ended(ended.code)} after {duration(ended.seconds)}. The end of its log:")
        self._say(log_end(ended))

    def _say(self, line: str) -> None:
        self._console.print(Text(line))

    def _whole(self, running: Mapping[int, Running], waiting: int, ended: Sequence[Ended]) -> str:
        parts = [f"{len(ended)} of {self._items} done"]
        failed = sum(one.has_failed for one in ended)
        if failed:
            parts.append(f"{failed} of them failed")
        left = seconds_left(list(running.values()), waiting, ended, self._slots)
        if left is not None:
            parts.append(f"about {duration(left)} left")
        return ", ".join(parts)


def seconds_left(running: Sequence[Running], waiting: int, ended: Sequence[Ended], slots: int) -> float | None:
    """Of the whole queue, in seconds; None as long as no item has ended or said how far it is.

    An item takes as long as those that are known took on average, whatever it is.
    """
    said = {id(job): done.seconds_left for job in running if (done := job.done) is not None}
    lengths = [one.seconds for one in ended if one.is_done]
    lengths += [job.seconds + said[id(job)] for job in running if id(job) in said]
    if not lengths:
        return None
    each = mean(lengths)
    of_running = [said.get(id(job), max(each - job.seconds, 0.0)) for job in running]
    return max([*of_running, (sum(of_running) + each * waiting) / slots])


def how_it_ended(code: int) -> str:
    return f"ended by signal {-code}" if code < 0 else f"failed with exit code {code}"


def log_end(of: Running | Ended) -> str:
    lines = of.item.log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(f"  {line}" for line in lines[-SHOWN_LINES:])


def _line(slot: int, running: Running) -> str:
    done = running.done
    parts = [f"  {slot}: {running.item.name}", duration(running.seconds)]
    if done:
        parts.append(f"epoch {done.epochs} of {done.of}, {duration(done.seconds_left)} left")
    return "  ".join(parts)
