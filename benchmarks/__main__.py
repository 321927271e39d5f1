"""Measure the project's claims and write them into the table of docs/benchmarks.md.

python -m benchmarks                    all
python -m benchmarks chain training     some: the other rows of the table stay
"""

import argparse

from benchmarks import (
    averaging,
    bundle,
    busy,
    card_drafts,
    chain,
    duplicates,
    fan_out,
    loader,
    memory,
    pixels,
    post_processing,
    predicting,
    pretext,
    report,
    runs,
    splitting,
    studies,
    training,
)
from benchmarks.figures import write_page

BENCHMARKS = {
    module.__name__.rpartition(".")[2]: module
    for module in (
        card_drafts,
        chain,
        fan_out,
        studies,
        report,
        runs,
        training,
        busy,
        predicting,
        bundle,
        pretext,
        averaging,
        memory,
        loader,
        splitting,
        pixels,
        duplicates,
        post_processing,
    )
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"among {', '.join(BENCHMARKS)}; default: all")
    names: list[str] = parser.parse_args().names
    if unknown := set(names) - set(BENCHMARKS):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    for name in names or BENCHMARKS:
        figures = BENCHMARKS[name].measure()
        print("\n".join(figure.line for figure in figures), flush=True)
        # After each, so that a run that is stopped keeps what it has measured.
        write_page(figures)


if __name__ == "__main__":
    main()
