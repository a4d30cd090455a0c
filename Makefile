# `make run` and `make test` are all a newcomer needs; README.md tells the rest.
PYTHON ?= python3
PORT ?= 8501
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes
LOCK := $(VENV)/bin/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-annotate \
	--custom-compile-command "make lock"

.PHONY: run test quick setup browser refresh lint lock bench docs pictures accessibility clean help

run: setup  ## serve the dashboard on 127.0.0.1 (PORT=8501)
	@echo "Risicobeeld: http://127.0.0.1:$(PORT)"
	@nice $(PY) -m risk prepare >/dev/null 2>&1 &
	@exec $(PY) -m streamlit run app.py --server.port $(PORT)

test: $(VENV)/.dev  ## run every test
	@exec $(PY) -m pytest -q -n auto --dist worksteal

quick: $(VENV)/.dev  ## the tests of one minute: no browser, no server, no process that is killed
	@HYPOTHESIS_PROFILE=quick exec $(PY) -m pytest -q -n auto --dist worksteal -m "not thorough"

setup: $(VENV)/bin/risicobeeld  ## make .venv with what the product needs, and the command risicobeeld in it

browser: $(VENV)/.dev  ## get a Chromium for the browser tests where there is none
	@$(PY) -m tools.get_browser

refresh: setup  ## fetch every public source and renew the picture
	@exec $(PY) -m geodata refresh

lint: $(VENV)/.dev  ## style and types
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy

lock: $(VENV)/.dev  ## compile the requirements files, with hashes, after a change of a .in file
	@$(LOCK) requirements.in -o requirements.txt
	@$(LOCK) -c requirements.txt requirements-cluster.in -o requirements-cluster.txt
	@$(LOCK) -c requirements.txt -c requirements-cluster.txt requirements-dev.in -o requirements-dev.txt

bench: $(VENV)/.dev  ## measure; each script prints a table
	@for script in bench/bench_*.py; do echo "== $$script"; $(PY) -m bench.$$(basename $$script .py) || exit 1; done

docs: $(VENV)/.dev accessibility pictures  ## make every generated document and picture anew
	@$(PY) -m risk method --lang nl --out docs/method.md
	@$(PY) -m risk method --lang en --out docs/method.en.md
	@$(PY) -m risk papers --out docs
	@$(PY) -m geodata sources --out docs/sources.md
	@$(PY) -m tools.write_commands
	@$(PY) -m tools.write_pages

accessibility: $(VENV)/.dev  ## check every page with axe and write docs/accessibility.md
	@$(PY) -m tools.write_accessibility

pictures: $(VENV)/.dev  ## take the pictures in docs/ anew
	@$(PY) -m tools.take_pictures

clean:  ## remove what can be made again; data/ stays
	rm -rf $(VENV) static/* .pytest_cache .mypy_cache .ruff_cache .hypothesis

help:
	@grep -hE '^[a-z]+:.*##' Makefile | sed 's/:.*##/ -/'

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed; name it with PYTHON=")'
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.run: requirements.txt $(VENV)/.made
	@echo "Installing what the product needs ..."
	@$(PIP) -r requirements.txt
	@touch $@

# The command works in every folder: the path file makes this clone importable, as an editable install would.
$(VENV)/bin/risicobeeld: Makefile $(VENV)/.run
	@echo "$(CURDIR)" > "$$($(PY) -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/risicobeeld.pth"
	@printf '#!/bin/sh\nexec "%s" -P -m commands.main "$$@"\n' "$(CURDIR)/$(PY)" > $@
	@chmod +x $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.run | $(VENV)/bin/risicobeeld
	@echo "Installing what the tests need ..."
	@$(PIP) -r requirements-dev.txt
	@touch $@
