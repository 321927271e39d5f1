"""How a csv becomes at most one submission, step by step, in whatever world it is given.

The guard's world is Kaggle, the disk and the clock; a test's loses answers, lists late, and ends processes between any
two steps. The csv is sent first, which counts for nothing. One call then makes it a submission. Before it, the journal
says that it is coming; so whatever happens, either the call was never made, or the journal shows that it may have been.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol, runtime_checkable

from foldline.files.refusal import Refusal
from foldline.kaggle.client import CallFailed
from foldline.kaggle.decisions import (
    Placed,
    Seen,
    Verdict,
    decide,
    is_clear_refusal,
    refuse_without_allowance,
    unknown_outcome,
    unseen,
)
from foldline.kaggle.journal import Line

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0


@runtime_checkable
class World(Protocol):
    def look(self) -> Seen:
        """What Kaggle shows. Raises CallFailed."""
        ...

    def pause(self, seconds: float) -> None: ...

    def write(self, line: Line) -> Line:
        """The line with its time, on disk."""
        ...

    def send(self) -> str:
        """Send the file: a token. Raises CallFailed, or Refusal when it changes."""
        ...

    def create(self, token: str) -> int:
        """Make the submission, the one call that counts: its ref. Raises CallFailed."""
        ...


def at_most_once(world: World, intent: Line, past: Sequence[Line], forced: Sequence[Line] = ()) -> Placed:
    """The submission of the csv that `intent` describes; hold the lock of the journal, whose lines are `past`.

    forced: those that a person spoke of, see `decide`. Raises Refusal, CallFailed.
    """
    lines, run = list(past), intent.run_id
    seen = world.look()
    decision = decide(run, lines, seen, forced)
    if isinstance(decision, Placed):
        return _written(world, run, lines, decision)
    if decision.kind != "clear":
        return _resolved(world, run, lines, seen, "it ended without an answer")
    refuse_without_allowance(seen)
    if decision.why:
        lines.append(world.write(Line("dismissed", run, note=decision.why)))
    total = -1 if seen.limits is None else seen.limits.total
    intent = replace(intent, total=total, listed=tuple(one.ref for one in seen.submissions))
    world.write(intent)
    try:
        token = world.send()
    except (CallFailed, Refusal) as failure:
        world.write(replace(intent, step="refused", note=str(failure)))
        raise
    lines.append(world.write(replace(intent, step="creating")))
    try:
        ref = world.create(token)
    except CallFailed as failure:
        if is_clear_refusal(failure):
            world.write(replace(intent, step="refused", note=str(failure)))
            raise
        return replace(_resolved(world, run, lines, None, str(failure)), is_new=True)
    world.write(replace(intent, step="done", ref=ref))
    return Placed(replace(unseen(ref), bytes=intent.bytes), True, intent.bytes)


def _resolved(world: World, run: str, lines: list[Line], seen: Seen | None, why: str) -> Placed:
    """Look for an upload whose outcome is unknown, until it is listed or the list can hardly be late any more."""
    attempt = next(line for line in reversed(lines) if (line.run_id, line.step) == (run, "creating"))
    pause, lag = FIRST_PAUSE_SECONDS, 0.0
    try:
        seen = seen or world.look()
        while isinstance(decision := decide(run, lines, seen), Verdict) and decision.kind == "wait":
            world.pause(pause)
            pause, seen = min(2 * pause, LONGEST_PAUSE_SECONDS), world.look()
            lag = seen.time - attempt.time
    except CallFailed as failure:
        decision = Verdict("unknown", f"Kaggle cannot be asked now ({failure})")
    if isinstance(decision, Verdict):
        raise Refusal(unknown_outcome(attempt, lines, why, decision.why))
    if lag > 0:
        lines.append(world.write(Line("listed", run, seconds=lag)))
    return _written(world, run, lines, decision)


def _written(world: World, run: str, lines: Sequence[Line], found: Placed) -> Placed:
    """`found`, in the journal once."""
    ref = found.submission.ref
    if not any((line.run_id, line.step, line.ref) == (run, "done", ref) for line in lines):
        world.write(Line("done", run, ref, bytes=found.sent_bytes, note="found"))
    return found
