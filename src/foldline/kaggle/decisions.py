"""What follows from a journal and from what Kaggle shows: whether a csv may be uploaded. Pure functions.

Only Kaggle's list, Kaggle's refusal, two witnesses that agree, or a person end a doubt.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from foldline.files.refusal import Refusal
from foldline.kaggle.client import CallFailed, Limits, RemoteSubmission
from foldline.kaggle.journal import Line

CLEAR_REFUSALS = (400, 401, 403, 404, 413, 422)
"""Answers to the one call that counts after which it has not counted. Others (408, 409, 429, 500 to 599) come from
whatever lies between, too, when Kaggle has done what it was asked."""
PATIENCE_SECONDS = 60.0
"""How long to look for a submission that may have been counted, where no list was ever later than that."""
SETTLED_SECONDS = 900.0
"""After which neither Kaggle's list nor its counts are believed to be late any more; or twice the longest lag seen."""
SHORTEST_BEGINNING = 8
"""Of a run's id, in letters, that tells it when a description was cut short."""


@dataclass(frozen=True)
class Seen:
    """What Kaggle shows."""

    time: float
    """In seconds since 1970, UTC."""
    submissions: Sequence[RemoteSubmission]
    limits: Limits | None
    """None where it does not say."""


@dataclass(frozen=True)
class Placed:
    """Kaggle has it."""

    submission: RemoteSubmission
    is_new: bool
    """Whether it was made now, and not before."""
    sent_bytes: int = 0
    """Of the file that this machine sent; 0 if another one did."""
    others: tuple[int, ...] = ()
    """Refs of further submissions of the same csv: other machines know nothing of this one's lock."""


@dataclass(frozen=True)
class Verdict:
    kind: Literal["clear", "wait", "unknown"]
    """clear: it may be uploaded. wait: the list may be late. unknown: nothing is done without a person."""
    why: str = ""
    """Of a clear one: why an earlier attempt, whose outcome was unknown, is held not to have counted."""


NOTHING = Line("dismissed", "")


def names_run(description: str, run_id: str) -> bool:
    """Whether Kaggle's description of a submission begins with the run's id, or ends with it as in older versions.

    It may come back in other letters, and cut short.
    """
    text = unicodedata.normalize("NFKC", description).casefold().strip()
    beginning = text.rstrip(". ")
    is_cut = len(beginning) >= SHORTEST_BEGINNING and run_id.startswith(beginning)
    return text.startswith(run_id) or text.endswith(f"| run {run_id}") or is_cut


def decide(run_id: str, past: Sequence[Line], seen: Seen, forced: Sequence[Line] = ()) -> Placed | Verdict:
    """What follows from all lines of the journal and from what Kaggle shows.

    forced: the lines that were there when a person, who had looked, said that it is not. Of later attempts that says
    nothing, and by the clock, which may have been set meanwhile, they could not be told.
    """
    mine = [line for line in past if line.run_id == run_id and line.step != "listed"]
    last = mine[-1] if mine else NOTHING
    sent = last.bytes if last.step in ("creating", "done") else 0
    known, is_forced = {line.ref for line in mine if line.ref}, last in forced
    found = [
        one
        for one in seen.submissions
        # What was listed before the last attempt is not its outcome.
        if one.ref not in last.listed and (one.ref in known or names_run(one.description, run_id))
    ]
    if last.step == "done" and last.ref not in {one.ref for one in found}:
        return Placed(unseen(last.ref), False, sent, tuple(one.ref for one in found))
    if found and not (is_forced and all(is_damaged(one, sent) for one in found)):
        first = min(found, key=lambda one: (is_damaged(one, sent), one.ref not in known, one.ref))
        return Placed(first, False, sent, tuple(one.ref for one in found if one is not first))
    if found or (is_forced and last.step == "creating"):
        return Verdict("clear", "a person has looked, and says so")
    return _of_unlisted(last, past, seen) if last.step == "creating" else Verdict("clear")


def _of_unlisted(last: Line, past: Sequence[Line], seen: Seen) -> Verdict:
    """Of the attempt `last`, which may have counted."""
    age, doubt = seen.time - last.time, _doubt(last, past, seen)
    if age >= settled_seconds(past) and not doubt:
        return Verdict("clear", "neither Kaggle's list nor its counts have it")
    if 0 <= age < max(PATIENCE_SECONDS, longest_lag(past)):
        return Verdict("wait", doubt)
    return Verdict("unknown", doubt or "Kaggle does not list it and has counted no more, but both may be late")


def longest_lag(past: Sequence[Line]) -> float:
    return max((line.seconds for line in past), default=0.0)


def settled_seconds(past: Sequence[Line]) -> float:
    return max(SETTLED_SECONDS, 2 * longest_lag(past))


def _doubt(last: Line, past: Sequence[Line], seen: Seen) -> str:
    """Why the attempt `last` may have counted although it is not listed; empty when two witnesses deny it."""
    if last.total <= 0 or seen.limits is None or seen.limits.total <= 0:
        return "Kaggle does not list it, and how many it had counted before is not known"
    strange = {one.ref for one in seen.submissions} - set(last.listed) - {line.ref for line in past}
    if strange:
        return f"Kaggle does not list it by its id, but lists {min(strange)}, which did not come from here"
    counted = seen.limits.total - last.total
    return f"Kaggle does not list it, but has counted {counted} more since then" if counted else ""


def is_damaged(submission: RemoteSubmission, sent_bytes: int) -> bool:
    """Whether Kaggle holds another file than was sent, as far as it shows."""
    return bool(submission.bytes and sent_bytes) and submission.bytes != sent_bytes


def unseen(ref: int) -> RemoteSubmission:
    """A submission of which only its number is known."""
    return RemoteSubmission(ref, "", "pending", "", "", "")


def is_clear_refusal(failure: CallFailed) -> bool:
    """Whether the one call that counts has certainly not counted."""
    is_refused = failure.kind == "http" and failure.status in CLEAR_REFUSALS
    return is_refused or failure.kind == "credentials" or not failure.was_sent


def unknown_outcome(attempt: Line, past: Sequence[Line], why: str, doubt: str) -> str:
    times = (attempt.time, attempt.time + settled_seconds(past))
    began, settled = (datetime.fromtimestamp(time, UTC).strftime("%d %B, %H:%M UTC") for time in times)
    return (
        f"the outcome of the upload of {began} is unknown ({why}). {doubt}. It is not uploaded again. Look at your "
        f"submissions on the competition's page at Kaggle for a description that begins with {attempt.run_id}. If it "
        "is there, run the command again later, when Kaggle's list has it, too (if its description was edited, put "
        "this beginning back). If it is not there, `foldline submit --force` uploads it (`foldline bundle --push "
        "--force` a notebook). From "
        f"{settled} on, the command uploads it by itself, if Kaggle's list and counts then agree that nothing came."
    )


def refuse_without_allowance(seen: Seen) -> None:
    """Before the first submission of all, Kaggle counts zero of everything."""
    limits = seen.limits
    if limits is None or limits.allowed_now > 0 or limits.today == limits.total == 0:
        return
    made = f"no submission is left ({limits.today} made today, {limits.total} in all); nothing was uploaded."
    if limits.limited_by_total:
        raise Refusal(f"{made} The competition limits their total, which does not renew.")
    now = datetime.fromtimestamp(seen.time, UTC)
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    minutes = int((midnight - now).total_seconds() // 60)
    raise Refusal(f"{made} The daily allowance renews at 00:00 UTC, in {minutes // 60} h {minutes % 60} min.")
