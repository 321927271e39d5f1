"""Measure every claim and write the table of docs/benchmarks.md.

python -m benchmarks
"""

from benchmarks import chain, pixels, splitting, training
from benchmarks.figures import write_page


def main() -> None:
    figures = []
    for benchmark in (chain, training, splitting, pixels):
        for figure in benchmark.measure():
            print(figure.line, flush=True)
            figures.append(figure)
    write_page(figures)


if __name__ == "__main__":
    main()
