"""Parts of a page that a program writes, between the lines that mark them."""

from pathlib import Path

from foldline.files.whole_files import write_text


def put(page: Path, name: str, content: str) -> None:
    """Replace what stands in `page` between the lines `<!-- name: written from here -->` and `<!-- to here -->`."""
    start, end = f"<!-- {name}: written from here -->", "<!-- to here -->"
    before, found, rest = page.read_text(encoding="utf-8").partition(start)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"{page} has no place for {name!r}: {start} ... {end}")
    write_text(page, f"{before}{start}\n\n{content}\n\n{end}{after}")
