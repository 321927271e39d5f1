"""Tables for people."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table


def print_table(title: str, lines: Mapping[str, str]) -> None:
    """Of two columns."""
    table = Table(title=title, title_justify="left", show_header=False)
    for name, found in lines.items():
        table.add_row(escape(name), escape(found))
    Console().print(table)


def print_columns(names: Sequence[str], rows: Iterable[Sequence[str]], title: str | None = None) -> None:
    table = Table(*map(escape, names), title=title)
    for row in rows:
        table.add_row(*map(escape, row))
    Console().print(table)


def narrow_table(names: Sequence[str], whole: Collection[str], title: str | None = None) -> Table:
    """Without lines between columns; nothing is cut off: what is too long goes on below, unless its column is kept
    whole."""
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0), show_edge=False)
    for name in names:
        table.add_column(name, overflow="fold", no_wrap=name in whole)
    return table
