# Every target makes .venv when it is missing or older than requirements.txt.
SHELL := /bin/sh
RUN := PATH="$(CURDIR)/.venv/bin:$$PATH"

.PHONY: help demo test test-slow test-ray faults check bench local-kaggle setup requirements
help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 16

setup: ## make .venv match requirements.txt
	@.ci/setup

demo: setup ## download to a scored submission and its report, on the embedded competition
	@$(RUN) foldline repair
	@$(RUN) dvc repro submissions/dvc.yaml
	@$(RUN) foldline report

test: setup ## all quick tests
	@$(RUN) python -m pytest -n 2 --dist loadfile

test-slow: setup ## the tests marked slow
	@$(RUN) python -m pytest -m slow

test-ray: setup ## install Ray, and run folds on a cluster of two nodes on this machine
	@.venv/bin/uv pip install --quiet --python .venv/bin/python --no-build-isolation --editable '.[ray]'
	@$(RUN) python -m pytest -m slow tests/end_to_end/test_ray.py

faults: setup ## inject the faults that docs/reliability.md counts
	@$(RUN) python -m pytest -m faults -n 2 --dist loadfile

check: setup ## lint, types, import contracts, tests: what CI runs
	@$(RUN) ruff format --check --quiet .
	@$(RUN) ruff check --quiet .
	@$(RUN) pyright
	@$(RUN) lint-imports --no-cache
	@$(MAKE) --no-print-directory test

bench: setup ## measure what docs/benchmarks.md claims
	@$(RUN) python -m benchmarks

local-kaggle: setup ## serve the embedded competitions to the kaggle client
	@$(RUN) foldline local-kaggle

requirements: setup ## pin pyproject.toml's dependencies again
	@$(RUN) uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --upgrade \
	    --no-annotate --no-header --no-emit-index-url --quiet --output-file requirements.txt
