"""A measured figure beside the bound that it must reach, and the page that lists them."""

import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

PAGE = Path("docs/benchmarks.md")
START = "<!-- figures: `make bench` writes from here"
END = "to here -->"


@dataclass(frozen=True)
class Figure:
    """One claim of the project, measured."""

    claim: str
    measured: float
    bound: float
    at_least: bool
    """Whether `bound` is the least (a rate) or the most (a time) that is allowed."""
    unit: str
    how: str

    @property
    def holds(self) -> bool:
        return self.measured >= self.bound if self.at_least else self.measured <= self.bound

    @property
    def line(self) -> str:
        sign = "≥" if self.at_least else "≤"
        measured, bound = f"{self.measured:.3g} {self.unit}".strip(), f"{sign} {self.bound:g} {self.unit}".strip()
        return f"| {self.claim} | {measured} | {bound} | {'yes' if self.holds else '**no**'} | {self.how} |"


def write_page(figures: Iterable[Figure], page: Path = PAGE) -> None:
    """Put the figures into the table of `page`, in place of older ones of the same claim; all else stays."""
    before, _, rest = page.read_text(encoding="utf-8").partition(START)
    table, _, after = rest.partition(END)
    memory = psutil.virtual_memory().total / 2**30
    machine = f"{os.cpu_count()} CPU cores ({platform.machine()}), {memory:.0f} GiB, Python {platform.python_version()}"
    older = [line for line in table.splitlines() if line.startswith("| ") and not line.startswith("| Claim")]
    lines = {_claim(line): line for line in [*older, *(figure.line for figure in figures)]}
    content = "\n".join(["| Claim | Measured | Bound | Holds | How |", "|---|---|---|---|---|", *lines.values()])
    page.write_text(f"{before}{START} -->\n\nMeasured on {machine}.\n\n{content}\n\n<!-- {END}{after}")


def _claim(line: str) -> tuple[str, str]:
    """What a row of the table is about: what is claimed, and how it was measured."""
    cells = line.split(" | ")
    return cells[0], cells[-1]
