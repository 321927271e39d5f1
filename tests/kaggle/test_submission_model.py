"""At most one submission for each csv and machine, in every order of steps, faults and deaths that is tried.

On one machine, any number of processes: never two, as long as not both of Kaggle's witnesses, its list and its counts,
are later than they are believed to be. Where both are, or where two machines act at once, two cannot be excluded: the
model finds these cases, and no others; and each is said as soon as Kaggle lists both.
"""

from collections import Counter
from collections.abc import Callable
from typing import ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from foldline.files.refusal import Refusal
from foldline.kaggle.client import CallFailed
from foldline.kaggle.decisions import SETTLED_SECONDS, Placed, names_run
from tests.kaggle.submission_model import ANSWERS, ORDERS, Kaggle, Killed, Lags, Machine, Made, Process

CSVS = ("aaaaaaaaaaaa", "bbbbbbbbbbbb")
CONTINUED = 5
NEVER_LATER = SETTLED_SECONDS - 200
"""Of a list or a count, in seconds; requests that are done late may add to it."""


class Submissions(RuleBasedStateMachine):
    """Two machines, each with several processes that submit two csvs; Kaggle is late by at most what is believed."""

    latest = NEVER_LATER
    ends: ClassVar[Counter[str]] = Counter()
    excused: ClassVar[Counter[str]] = Counter()

    @initialize(earlier=st.integers(0, 2))
    def begin(self, earlier: int) -> None:
        self.kaggle = Kaggle(earlier)
        self.machines = [Machine(0), Machine(1)]
        self.processes: list[Process] = []
        self.judged = 0
        self.faults = 0

    @rule(machine=st.sampled_from([0, 0, 0, 1]), csv=st.sampled_from(CSVS))
    def start(self, machine: int, csv: str) -> None:
        self.processes.append(Process(self.kaggle, self.machines[machine], csv))

    @precondition(lambda self: any(process.may_go for process in self.processes))
    @rule(data=st.data(), steps=st.integers(0, CONTINUED))
    def advance(self, data: st.DataObject, steps: int) -> None:
        """Some steps of one process, the last of which may fail or be its last."""
        process = data.draw(st.sampled_from([one for one in self.processes if one.may_go]))
        for _ in range(steps):
            if process.may_go and process.next_step != "create":
                self._go(process, "ok")
        if process.may_go:
            self._go(process, data.draw(st.sampled_from(ORDERS[process.next_step])))

    @rule(seconds=st.sampled_from([1, 60, 300, 1000]))
    def wait(self, seconds: int) -> None:
        self.kaggle.clock += seconds

    @rule(data=st.data(), description=st.sampled_from([100, 100, 12, 9, 0]))
    def become_late(self, data: st.DataObject, description: int) -> None:
        late = st.sampled_from([0, 10, 200, self.latest])
        self.kaggle.lags = Lags(data.draw(late), data.draw(late), description)

    @rule()
    def somebody_else_submits(self) -> None:
        """Of the same team, by hand."""
        self.kaggle.make("of another", 9, "by hand")

    @rule(machine=st.sampled_from([0, 1]), csv=st.sampled_from(CSVS))
    def a_person_forces(self, machine: int, csv: str) -> None:
        """Who has looked, and not found it: Kaggle's page shows what there is, not what is on its way."""
        if not any(one.csv == csv for one in self.kaggle.made):
            self.processes.append(Process(self.kaggle, self.machines[machine], csv, is_forced=True))

    def _go(self, process: Process, order: str) -> None:
        before = list(self.kaggle.made)
        process.go(order)
        self.faults += order != "ok"
        if len(self.kaggle.made) > len(before):
            self._judge(self.kaggle.made[-1], before, process)
        if isinstance(process.ended, Placed):
            assert any((one.ref, one.csv) == (process.ended.submission.ref, process.csv) for one in self.kaggle.made)
        elif process.ended is not None:
            assert isinstance(process.ended, Refusal | CallFailed | Killed), repr(process.ended)

    def _judge(self, new: Made, before: list[Made], process: Process) -> None:
        """A second submission of a csv is one of the cases that cannot be excluded."""
        seen = process.last_seen
        assert seen is not None
        for earlier in [one for one in before if one.csv == new.csv]:
            listed = [one for one in seen.submissions if one.ref == earlier.ref]
            if earlier.machine != new.machine:
                assert not any(names_run(one.description, new.csv) for one in listed), "it was listed"
                self.excused[f"another machine's, {'without its id' if listed else 'not yet listed'}"] += 1
                continue
            assert not listed
            assert self.latest > NEVER_LATER, "no witness was later than is believed"
            assert seen.time - earlier.done_at >= SETTLED_SECONDS - max(one.delay_seconds for one in ANSWERS.values())
            assert seen.limits is not None
            assert earlier.counted_at > seen.time
            self.excused["its own, neither listed nor counted after a quarter of an hour"] += 1

    def teardown(self) -> None:
        """When all lists are complete, every csv is there once, or what is unknown is said, and a person ends it."""
        if not hasattr(self, "kaggle"):
            return
        while waiting := [process for process in self.processes if process.may_go]:
            self._go(waiting[0], "die before")
        assert all(process.ended is not None for process in self.processes)
        self.kaggle.clock += 1e6
        self.kaggle.lags = Lags()
        needed_a_person = False
        for machine, csv in {(process.machine.number, process.csv) for process in self.processes}:
            end = self._finished(machine, csv)
            if isinstance(end, Refusal):
                assert "is unknown" in str(end)
                needed_a_person = True
                if not any(one.csv == csv for one in self.kaggle.made):
                    end = self._finished(machine, csv, is_forced=True)
                    assert isinstance(end, Placed)
            same = [one for one in self.kaggle.made if one.csv == csv]
            assert same
            if isinstance(end, Placed) and all(one.description for one in same):
                assert len(end.others) == len(same) - 1, "what is there twice is said"
        kind = "refused" if needed_a_person else "healed" if self.faults else "survived"
        self.ends[kind] += 1

    def _finished(self, machine: int, csv: str, is_forced: bool = False) -> Placed | BaseException:
        process = Process(self.kaggle, self.machines[machine], csv, is_forced)
        self.processes.append(process)
        while process.ended is None:
            self._go(process, "ok")
        assert process.ended is not None
        return process.ended


class LaterThanBelieved(Submissions):
    """Lists and counts may be later than a quarter of an hour."""

    latest = 3 * SETTLED_SECONDS
    ends: ClassVar[Counter[str]] = Counter()
    excused: ClassVar[Counter[str]] = Counter()


def interleave(model: type[Submissions], examples: int) -> Counter[str]:
    model.ends.clear()
    model.excused.clear()
    run_state_machine_as_test(model, settings=settings(max_examples=examples, stateful_step_count=30))
    return model.ends


def test_some_interleavings() -> None:
    assert sum(interleave(Submissions, 20).values()) >= 10


@pytest.mark.faults
def test_thousands_of_interleavings(outcome: Callable[..., None]) -> None:
    for kind, times in interleave(Submissions, 3000).items():
        outcome("submissions: interleavings of steps, faults and kills", kind, times)


@pytest.mark.faults
def test_what_cannot_be_excluded_is_found(outcome: Callable[..., None]) -> None:
    """The model is no proof if it never meets what it excuses."""
    for kind, times in interleave(LaterThanBelieved, 1000).items():
        outcome("submissions: the same, lists and counts later than believed", kind, times)
    assert {"another machine's, not yet listed", "another machine's, without its id"} <= set(LaterThanBelieved.excused)


def lose_the_answer(kaggle: Kaggle, machine: Machine) -> None:
    process = Process(kaggle, machine, CSVS[0])
    while process.ended is None:
        process.go("lost" if process.next_step == "create" else "ok")
    assert isinstance(process.ended, Refusal)


def test_the_one_case_on_one_machine_that_cannot_be_excluded() -> None:
    """An answer is lost; a quarter of an hour later Kaggle neither lists nor counts what it has. Then both are said."""
    late = 3 * SETTLED_SECONDS
    for lags, times in ((Lags(late, late), 2), (Lags(late, 0), 1), (Lags(0, late), 1)):
        kaggle, machine = Kaggle(earlier=1, lags=lags), Machine(0)
        if times == 2 or lags.listed:
            lose_the_answer(kaggle, machine)
        kaggle.clock += SETTLED_SECONDS
        Process(kaggle, machine, CSVS[0]).finish()
        assert len(kaggle.made) == times
        kaggle.clock += late
        placed = Process(kaggle, machine, CSVS[0]).finish()
        assert isinstance(placed, Placed)
        assert len(placed.others) == times - 1


def test_a_person_speaks_of_what_was_before() -> None:
    """Two clones are told to force at once: the second finds a new doubt, of which the person knew nothing."""
    kaggle, machine = Kaggle(earlier=1, lags=Lags(600, 600)), Machine(0)
    kaggle.make("of another", 9, "by hand")
    first, second = (Process(kaggle, machine, CSVS[0], is_forced=True) for _ in range(2))
    while first.ended is None:
        first.go("lost" if first.next_step == "create" else "ok")
    assert isinstance(second.finish(), Refusal)
    assert len(kaggle.made) == 2
