"""A world for the protocol of submissions: machines with journals, a Kaggle that is late and loses answers, a clock.

Each process is a thread that stops before every step until it is told to go on, to fail, or to die there: before what
the step does, or right after it. What runs in it is the protocol itself.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from foldline.files.refusal import Refusal
from foldline.kaggle.client import CallFailed, Limits, RemoteSubmission
from foldline.kaggle.decisions import Placed, Seen
from foldline.kaggle.journal import Line
from foldline.kaggle.protocol import at_most_once

STEP_SECONDS = 0.01


class Killed(BaseException):
    """As if by SIGKILL: the protocol has no handler for it."""


@dataclass(frozen=True)
class Answer:
    """To the one call that counts."""

    is_counted: bool
    failure: CallFailed | None = None
    delay_seconds: float = 0.0
    """Before Kaggle does it, when nobody waits any more."""


ANSWERS: dict[str, Answer] = {
    "ok": Answer(True),
    "lost": Answer(True, CallFailed("network", "cut off")),
    "no number": Answer(True, CallFailed("other", "no number")),
    "stalled": Answer(True, CallFailed("stalled", "no answer")),
    "stalled, done later": Answer(True, CallFailed("stalled", "no answer"), 100.0),
    "stalled, never done": Answer(False, CallFailed("stalled", "no answer")),
    "never left": Answer(False, CallFailed("network", "refused", was_sent=False)),
    "400": Answer(False, CallFailed("http", "no", 400)),
    "403": Answer(False, CallFailed("http", "no", 403)),
}
for status in (408, 409, 429, 500, 502, 503, 504):
    for is_counted in (True, False):
        ANSWERS[f"{status}, {'' if is_counted else 'not '}counted"] = Answer(
            is_counted, CallFailed("http", "trouble", status)
        )


@dataclass
class Made:
    """A submission that Kaggle has, or will have."""

    ref: int
    csv: str
    machine: int
    description: str
    done_at: float
    listed_at: float
    counted_at: float


@dataclass
class Lags:
    """How late what is made next will be."""

    listed: float = 0.0
    counted: float = 0.0
    description: int = 100
    """Letters of it that Kaggle keeps."""


@dataclass
class Kaggle:
    earlier: int
    clock: float = 1_000_000.0
    lags: Lags = field(default_factory=Lags)
    made: list[Made] = field(default_factory=list)

    def make(self, csv: str, machine: int, description: str, delay: float = 0.0) -> Made:
        at = self.clock + delay
        shown = description[: self.lags.description].upper()
        new = Made(len(self.made) + 100, csv, machine, shown, at, at + self.lags.listed, at + self.lags.counted)
        self.made.append(new)
        return new

    def listed(self) -> list[RemoteSubmission]:
        shown = [one for one in self.made if one.listed_at <= self.clock]
        return [RemoteSubmission(one.ref, one.description, "complete", "0.5", "", "") for one in reversed(shown)]

    def counted(self) -> int:
        return self.earlier + sum(one.counted_at <= self.clock for one in self.made)


@dataclass
class Machine:
    number: int
    journal: list[Line] = field(default_factory=list)
    holder: "Process | None" = None


class Process:
    """One run of the protocol, on one machine and in any clone of it."""

    def __init__(self, kaggle: Kaggle, machine: Machine, csv: str, is_forced: bool = False) -> None:
        self.kaggle, self.machine, self.csv = kaggle, machine, csv
        self.forced = list(machine.journal) if is_forced else []
        self.next_step = "lock"
        self.ended: Placed | BaseException | None = None
        self.last_seen: Seen | None = None
        self._order, self._turn, self._idle = "ok", threading.Semaphore(0), threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def may_go(self) -> bool:
        return self.ended is None and (self.next_step != "lock" or self.machine.holder is None)

    def go(self, order: str = "ok") -> None:
        """Do the next step. order: ok, die before, die after, or the step's own failure."""
        assert self.may_go
        self._order = order
        self.kaggle.clock += STEP_SECONDS
        if self.next_step == "lock":
            if order.startswith("die"):
                self.ended = Killed()
                return
            self.machine.holder = self
            self._thread.start()
        else:
            self._turn.release()
        self._idle.acquire()
        if self.ended is not None:
            self.machine.holder = None

    def finish(self) -> "Placed | BaseException":
        """Without any further fault."""
        while self.ended is None:
            self.go()
        return self.ended

    def _run(self) -> None:
        intent = Line("intended", self.csv, sha256="hash", bytes=10)
        try:
            self.ended = at_most_once(self, intent, list(self.machine.journal), self.forced)
        except BaseException as end:
            self.ended = end
        self._idle.release()

    def _asked(self, step: str) -> str:
        self.next_step = step
        self._idle.release()
        self._turn.acquire()
        if self._order == "die before":
            raise Killed
        return self._order

    def _done(self) -> None:
        if self._order == "die after":
            raise Killed

    def look(self) -> Seen:
        order = self._asked("look")
        if order == "fails":
            raise CallFailed("http", "trouble", 503)
        listed = self.kaggle.listed()
        counted = self.kaggle.counted()
        limits = None if order == "no counts" else Limits(counted, counted, 5)
        self.last_seen = Seen(self.kaggle.clock, listed, limits)
        self._done()
        return self.last_seen

    def pause(self, seconds: float) -> None:
        self._asked("pause")
        self.kaggle.clock += seconds

    def write(self, line: Line) -> Line:
        self._asked("write")
        timed = replace(line, time=self.kaggle.clock)
        self.machine.journal.append(timed)
        self._done()
        return timed

    def send(self) -> str:
        order = self._asked("send")
        if order == "fails":
            raise CallFailed("upload", "did not arrive")
        if order == "changed":
            raise Refusal("changed")
        self._done()
        return "token"

    def create(self, token: str) -> int:
        order = self._asked("create")
        answer = ANSWERS.get(order, ANSWERS["ok"])
        made = None
        if answer.is_counted:
            made = self.kaggle.make(self.csv, self.machine.number, f"{self.csv} | words", answer.delay_seconds)
        self._done()
        if answer.failure is not None:
            raise answer.failure
        assert made is not None
        return made.ref


ORDERS: dict[str, Sequence[str]] = {
    "lock": ("ok", "die before"),
    "look": ("ok", "die before", "die after", "fails", "no counts"),
    "pause": ("ok", "die before"),
    "write": ("ok", "die before", "die after"),
    "send": ("ok", "die before", "die after", "fails", "changed"),
    "create": ("die before", "die after", *ANSWERS),
}
