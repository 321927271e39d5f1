"""What became of every injected fault: the table that `make faults` prints and docs/reliability.md shows."""

from collections import Counter
from collections.abc import Callable
from typing import Any, Literal, get_args

import pytest

Outcome = Literal["survived", "healed", "refused"]
"""survived: the same result as without the fault. healed: mended at the next start, then the same result.
refused: one message, an exit code that is not 0, nothing lost."""
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
PROPERTY = "fault"


@pytest.fixture
def outcome(record_property: Callable[[str, Any], None]) -> Callable[[str, Outcome], None]:
    """Count one injected fault of this kind, after what became of it was asserted.

    A test that fails counts none of its faults: the table holds nothing that was not seen.
    """

    def count(kind: str, became: Outcome, times: int = 1) -> None:
        assert became in OUTCOMES, f"{became!r} is no outcome"
        record_property(PROPERTY, (kind, became, times))

    return count


def print_table(terminal: Any) -> None:
    """One line per kind of fault, in Markdown; nothing where no test counted one."""
    counts: Counter[tuple[str, str]] = Counter()
    for report in terminal.stats.get("passed", []):
        for name, value in report.user_properties:
            if name == PROPERTY and report.when == "call":
                kind, became, times = value
                counts[kind, became] += times
    if not counts:
        return
    terminal.write_line(f"| Fault | injected | {' | '.join(OUTCOMES)} |")
    terminal.write_line("|---" * (2 + len(OUTCOMES)) + "|")
    for kind in [*sorted({kind for kind, _ in counts}), "all"]:
        each = [sum(n for (k, o), n in counts.items() if o == became and kind in (k, "all")) for became in OUTCOMES]
        terminal.write_line(f"| {kind} | {sum(each):,} | {' | '.join(f'{n:,}' for n in each)} |")
