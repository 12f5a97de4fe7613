# Needs python3 (3.11 or newer) with pip, and make; everything else is installed into .venv.

PYTHON ?= python3
BIN := .venv/bin
INSTALL = $(PYTHON) -m pip --python $(BIN)/python --disable-pip-version-check install -q -c .ci/constraints.txt

.PHONY: help demo test check bench soak clean

help:
	@echo "make demo   send examples/invoice.json to an inbox of its own"
	@echo "make test   run the tests"
	@echo "make check  lint and types"
	@echo "make bench  speed, as ratios"
	@echo "make soak   the tests with the big sizes"
	@echo "make clean  take .venv away"

demo: $(BIN)/.for-use
	$(BIN)/paytraq-send examples/invoice.json --channel sandbox

test: $(BIN)/.for-tests
	$(BIN)/python -m pytest -n auto --maxprocesses 4

check: $(BIN)/.for-tests
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy

bench: $(BIN)/.for-tests
	$(BIN)/python -m benchmarks

soak: $(BIN)/.for-tests
	$(BIN)/python -m pytest -m soak

clean:
	rm -rf .venv

# Debian's python3 has no ensurepip and lets pip install into environments only: so an empty one, filled from outside.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed, and $(PYTHON) is older: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -m pip --version > /dev/null || { echo "$(PYTHON) has no pip: install python3-pip" >&2; exit 1; }
	$(PYTHON) -m venv --without-pip .venv

$(BIN)/.for-use: $(BIN)/python pyproject.toml .ci/constraints.txt
	$(INSTALL) -e .
	@touch $@

$(BIN)/.for-tests: $(BIN)/python pyproject.toml .ci/constraints.txt
	$(INSTALL) -e '.[test]'
	@touch $@ $(BIN)/.for-use
