"""Write the page that `dvc plots show` fills in, with the Vega scripts inside it: DVC's own page needs the network.

python -m pipelines.plots_page .dvc/plots/offline.html
"""

import argparse
from pathlib import Path

import vl_convert

HEAD = '<!DOCTYPE html>\n<html><head><meta charset="utf-8"><title>Foldline plots</title>\n'
SNIPPET = "window.vegaEmbed = vegaEmbed; window.vega = vega; window.vegaLite = vegaLite;"
# DVC replaces the placeholder with one block per plot; each calls `vegaEmbed`, which the bundle makes global.
BODY = '</head>\n<body style="font-family: sans-serif; margin: 2em">\n{plot_divs}\n</body></html>\n'


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("page", type=Path, help="the file to write")
    page: Path = parser.parse_args().page
    page.parent.mkdir(parents=True, exist_ok=True)
    # In a function of its own, so that the bundle's short names do not meet those of the page.
    scripts = vl_convert.javascript_bundle(SNIPPET).replace("</script", "<\\/script")
    page.write_text(f"{HEAD}<script>(function () {{{scripts}}})();</script>\n{BODY}", encoding="utf-8")


if __name__ == "__main__":
    main()
