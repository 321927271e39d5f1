"""The table of what post-processing gains, as the scripts that fit its steps print it."""

import math
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from foldline.ensembling.scoring import Gain


def print_gains(gains: Sequence[Gain]) -> None:
    """What each step of post-processing gains, and whether it was applied."""
    if not gains:
        return
    table = Table(title="Post-processing gains (cross-validated on held-out folds)", title_justify="left")
    for title in ("step", "setting", "in-sample", "cross-validated ± SE", "95 % CI", "applied"):
        table.add_column(title, overflow="fold", no_wrap=title in ("step", "in-sample"))
    for gain in gains:
        numbers = ("", "", "")
        if not math.isnan(gain.low):
            estimate = f"{gain.cross_validated:+.5f} ± {gain.standard_error:.5f}"
            numbers = (f"{gain.in_sample:+.5f}", estimate, f"{gain.low:+.5f} .. {gain.high:+.5f}")
        note = f" ({gain.note})" if gain.note else ""
        table.add_row(gain.step, escape(gain.setting or ""), *numbers, f"{'yes' if gain.applied else 'no'}{note}")
    Console().print(table)
