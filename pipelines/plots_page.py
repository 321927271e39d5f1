"""Write the page that `dvc plots show` fills in, with the Vega scripts inside it: DVC's own page needs the network.

foldline plots-page .dvc/plots/offline.html
"""

from pathlib import Path

from foldline.report.vega import vega_script
from pipelines.answers import Answer
from pipelines.running import parser, run

HEAD = '<!DOCTYPE html>\n<html><head><meta charset="utf-8"><title>Foldline plots</title>\n'
# DVC replaces the placeholder with one block per plot; each calls `vegaEmbed`, which the bundle makes global.
BODY = '</head>\n<body style="font-family: sans-serif; margin: 2em">\n{plot_divs}\n</body></html>\n'


def main() -> Answer:
    arguments = parser(__doc__)
    arguments.add_argument("page", type=Path, help="the file to write")
    page: Path = arguments.parse_args().page
    write_page(page)
    print(f"{page}: the page that `dvc plots show` fills in")
    return {"page": page}


def write_page(page: Path) -> None:
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(f"{HEAD}{vega_script()}\n{BODY}", encoding="utf-8")


if __name__ == "__main__":
    run(main)
