"""Tables of two columns, for people."""

from collections.abc import Mapping

from rich.console import Console
from rich.markup import escape
from rich.table import Table


def print_table(title: str, lines: Mapping[str, str]) -> None:
    table = Table(title=title, title_justify="left", show_header=False)
    for name, found in lines.items():
        table.add_row(escape(name), escape(found))
    Console().print(table)
