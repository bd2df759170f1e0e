# Everything a fresh machine with Python ≥ 3.11 and make needs: `make demo`, `make test`.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
RUN    := $(BIN)/python
# Test files run in this many processes (many wait for others); a file's tests stay together.
JOBS   ?= 3

.PHONY: help demo demo-month test test-scale test-all check fix docs faults up lock bench soak clean

help:
	@echo "make demo    the whole chain on stand-ins: HubSpot → Salesforce → freee → back"
	@echo "make demo-month  the month end of a small company: two accounting systems"
	@echo "make test    every test but the long ones"
	@echo "make soak    long random runs and a death at every step (TASUKI_SOAK_MINUTES=5)"
	@echo "make test-scale  a backfill on PostgreSQL, Redis, two API servers, two workers"
	@echo "make check   ruff, mypy, import contracts, mapping files"
	@echo "make fix     format and mend what can be mended"
	@echo "make docs    write the generated reference pages"
	@echo "make faults  run the fault matrix and write docs/reference/faults.md"
	@echo "make up      a lasting local stack (Prefect UI on http://127.0.0.1:4200)"
	@echo "make bench   figures beside a raw httpx loop"
	@echo "make lock    renew requirements/*.txt"

# pip's own progress is hidden; it takes two or three minutes the first time. The locks
# are complete, so pip resolves nothing (--no-deps): older ones fail at extras by hash.
$(VENV)/.runtime: requirements/runtime.txt pyproject.toml
	@test -x $(RUN) || { echo "· creating $(VENV)"; $(PYTHON) -m venv $(VENV); }
	@echo "· installing the locked packages (once)"
	@$(RUN) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/runtime.txt
	@$(RUN) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/build.txt
	@$(RUN) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements/dev.txt
	@echo "· installing what tests and checks need (once)"
	@$(RUN) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/dev.txt
	@touch $@

demo: $(VENV)/.runtime
	@$(RUN) -m tasuki.demo

demo-month: $(VENV)/.runtime
	@$(RUN) -m tasuki.demo.month

test: $(VENV)/.dev
	@$(RUN) -m pytest -q -m "not soak" -n $(JOBS) --dist loadfile --no-loadscope-reorder

# Says which seeds it takes. TASUKI_SOAK_MINUTES bounds the random lives; TASUKI_SEED repeats.
soak: $(VENV)/.dev
	@$(RUN) -m pytest -q -m soak -s

# TASUKI_SCALE_RECORDS (200,000), TASUKI_SCALE_MINUTES (60): says what it lacks, if so.
test-scale: $(VENV)/.dev
	@$(RUN) -m tests.scale

check: $(VENV)/.dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/tasuki test

fix: $(VENV)/.dev
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

docs: $(VENV)/.dev
	@$(RUN) docs/generate.py

faults: $(VENV)/.dev
	@$(RUN) -m tests.simulation.matrix

# A project of your own stands elsewhere: `tasuki -p FOLDER up`.
up: $(VENV)/.runtime
	@test -f .tasuki/local/connections.yaml || $(BIN)/tasuki init .tasuki/local
	@$(BIN)/tasuki -p .tasuki/local up

bench: $(VENV)/.dev
	@$(RUN) -m bench

lock: $(VENV)/.dev
	@sh requirements/lock.sh

clean:
	rm -rf $(VENV) .tasuki .pytest_cache .mypy_cache .ruff_cache dist
