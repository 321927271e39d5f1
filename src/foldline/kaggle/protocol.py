"""How a csv becomes at most one submission, step by step, without a client, a file or a clock.

`at_most_once` yields each action that it wants done, and is sent what came of it. The guard does them for real; a test
does them in a world where answers are lost, lists are late and processes die between any two of them.

The csv is sent first, which counts for nothing. One call then makes it a submission. Before it, the journal says that
it is coming; so whatever happens, either the call was never made, or the journal shows that it may have been.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

from foldline.files.refusal import Refusal
from foldline.kaggle.client import CallFailed
from foldline.kaggle.decisions import (
    Decision,
    Placed,
    Plan,
    Seen,
    Unknown,
    Wait,
    decide,
    is_clear_refusal,
    refuse_without_allowance,
    settled_seconds,
    unknown_outcome,
    unseen,
)
from foldline.kaggle.journal import Line

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0


@runtime_checkable
class World(Protocol):
    """Who does the actions. Each may raise CallFailed."""

    def look(self) -> Seen: ...

    def pause(self, seconds: float) -> None: ...

    def write(self, line: Line) -> Line:
        """The line with its time, on disk."""
        ...

    def send(self) -> str:
        """Send the file: a token. May raise Refusal."""
        ...

    def create(self, token: str) -> int:
        """Make the submission, at most once in a run of the protocol: its ref."""
        ...


@runtime_checkable
class Action(Protocol):
    def done_in(self, world: World) -> Any: ...


class Look:
    def done_in(self, world: World) -> Seen:
        return world.look()


@dataclass(frozen=True)
class Pause:
    seconds: float

    def done_in(self, world: World) -> None:
        world.pause(self.seconds)


@dataclass(frozen=True)
class Write:
    line: Line

    def done_in(self, world: World) -> Line:
        return world.write(self.line)


class Send:
    def done_in(self, world: World) -> str:
        return world.send()


@dataclass(frozen=True)
class Create:
    token: str

    def done_in(self, world: World) -> int:
        return world.create(self.token)


Steps = Generator[Action, Any, Placed]


def at_most_once(plan: Plan, past: Sequence[Line], is_forced: bool = False) -> Steps:
    """The steps to one submission; hold the journal's lock. Raises Refusal, CallFailed."""
    lines = list(past)
    seen: Seen = yield Look()
    decision = decide(plan, lines, seen, is_forced)
    if isinstance(decision, Wait | Unknown):
        return (yield from _resolve(plan, lines, seen, "it ended without an answer"))
    if isinstance(decision, Placed):
        yield from _note(plan, lines, decision)
        return decision
    refuse_without_allowance(plan.competition, seen)
    if decision.dismissed:
        yield from _write(lines, Line(0.0, "dismissed", plan.run_id, note=decision.dismissed))
    total = -1 if seen.limits is None else seen.limits.total
    listed = tuple(one.ref for one in seen.submissions)
    intent = yield from _write(lines, Line(0.0, "intended", plan.run_id, 0, plan.sha256, plan.bytes, total, listed))
    try:
        token: str = yield Send()
    except (CallFailed, Refusal) as failure:
        yield from _write(lines, replace(intent, step="refused", note=str(failure)))
        raise
    yield from _write(lines, replace(intent, step="creating"))
    try:
        ref: int = yield Create(token)
    except CallFailed as failure:
        if is_clear_refusal(failure):
            yield from _write(lines, replace(intent, step="refused", note=str(failure)))
            raise
        return (yield from _resolve(plan, lines, None, str(failure)))
    yield from _write(lines, replace(intent, step="done", ref=ref))
    return Placed(replace(unseen(ref), bytes=plan.bytes), True, plan.bytes)


def _resolve(plan: Plan, lines: list[Line], seen: Seen | None, why: str) -> Steps:
    """Look for an upload whose outcome is unknown, until it is listed or the list can hardly be late any more."""
    attempt = next(line for line in reversed(lines) if (line.run_id, line.step) == (plan.run_id, "creating"))
    pause, missed, lag = FIRST_PAUSE_SECONDS, seen is not None, 0.0
    decision: Decision
    try:
        now: Seen = seen or (yield Look())
        while isinstance(decision := decide(plan, lines, now, False), Wait):
            yield Pause(pause)
            pause, missed = min(2 * pause, LONGEST_PAUSE_SECONDS), True
            now = yield Look()
        lag = now.time - attempt.time if missed else 0.0
    except CallFailed as failure:
        decision = Unknown(f"Kaggle cannot be asked now ({failure})")
    if isinstance(decision, Placed):
        if lag > 0:
            yield from _write(lines, Line(0.0, "listed", plan.run_id, seconds=lag))
        yield from _note(plan, lines, decision)
        return decision
    doubt = decision.why if isinstance(decision, Unknown) else "by now it is clear that it has not counted"
    raise Refusal(unknown_outcome(plan, attempt, settled_seconds(lines), why, doubt))


def _write(lines: list[Line], line: Line) -> Generator[Action, Any, Line]:
    written: Line = yield Write(line)
    lines.append(written)
    return written


def _note(plan: Plan, lines: list[Line], found: Placed) -> Generator[Action, Any, None]:
    """Write what was found, once."""
    ref = found.submission.ref
    if not any((line.run_id, line.step, line.ref) == (plan.run_id, "done", ref) for line in lines):
        yield from _write(lines, Line(0.0, "done", plan.run_id, ref, bytes=found.sent_bytes, note="found"))


def carry_out(steps: Steps, world: World) -> Placed:
    answer, failure = None, None
    try:
        while True:
            action = steps.send(answer) if failure is None else steps.throw(failure)
            answer, failure = None, None
            try:
                answer = action.done_in(world)
            except (CallFailed, Refusal) as raised:
                failure = raised
    except StopIteration as end:
        return end.value
