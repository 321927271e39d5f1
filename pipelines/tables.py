"""Tables for people."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table


def print_table(title: str, lines: Mapping[str, str]) -> None:
    """Of two columns."""
    table = Table(title=title, title_justify="left", show_header=False)
    for name, found in lines.items():
        table.add_row(escape(name), escape(found))
    Console().print(table)


def print_columns(names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(*map(escape, names))
    for row in rows:
        table.add_row(*map(escape, row))
    Console().print(table)
