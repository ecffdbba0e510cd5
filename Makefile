# Everything a person or a machine does with this checkout. `make` alone tells what there is.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
ARGS ?=
# One more worker than cores: many tests wait for a real server. Tests that share one heavy thing name a group
# (`pytest.mark.xdist_group`), which keeps them on one worker.
WORKERS ?= $(shell echo $$(( $$(nproc) + 1 )))
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

.PHONY: help setup demo test lint types arch unit integration browser chaos-short chaos bench bench-store bench-wire bench-poll lock docs screenshots clean

help: ## tell what there is
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1\t\2/' | while IFS=$$'\t' read -r name text; do \
		printf '  make %-12s %s\n' "$$name" "$$text"; done

setup: ## install what the product needs and make .venv/bin/vigie
	@scripts/setup demo

demo: setup ## the whole product on this machine with a simulated depot (ARGS="--for 600"); Ctrl-C ends it
	@exec $(BIN)/vigie demo $(ARGS)

test: ## every test and check of the project; the last line is pytest's summary
	@scripts/setup test
	@$(MAKE) lint types arch
	@$(PYTEST) $(ARGS)

lint: ## style: ruff check and ruff format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: ## types: mypy --strict
	@$(BIN)/mypy

arch: ## architecture: who may import whom (import-linter)
	@$(BIN)/lint-imports --no-cache

unit: ## the fast tests: no real server, no browser, no demo
	@$(PYTEST) -m "not integration and not browser and not demo and not chaos" $(ARGS)

integration: ## tests against real servers (mosquitto, snmpd, upsd, smartctl, PostgreSQL)
	@$(PYTEST) -m integration $(ARGS)

browser: ## tests in headless Chromium
	@$(PYTEST) -m browser $(ARGS)

chaos-short: ## kill -9 of agent, broker and desk at random moments; nothing lost, nothing doubled
	@$(BIN)/python -m pytest -m chaos $(ARGS)

chaos: ## the long form: 1000 kills, seven days through 64 kbit/s (an hour; CHAOS_KILLS=200 for less)
	@CHAOS_LONG=1 CHAOS_KILLS=$${CHAOS_KILLS:-1000} $(BIN)/python -m pytest -m chaos -s $(ARGS)

bench: ## measure speed and size as ratios against a baseline of the same run
	@$(BIN)/python scripts/bench $(ARGS)

bench-poll: ## measure polling by SNMP beside snmpbulkwalk, prometheus-snmp-exporter and collectd (ARGS=--json)
	@$(BIN)/python scripts/bench-poll $(ARGS)

bench-store: ## measure what a site of 50 devices writes to its card a day and keeps (needs root, for an image of ext4)
	@$(BIN)/python scripts/bench-store $(ARGS)

bench-wire: ## capture what a depot sends in a day, beside collectd and a Telegraf-like publisher (needs root)
	@$(BIN)/python scripts/bench-wire $(ARGS)

lock: ## write requirements/*.txt anew from pyproject.toml
	@scripts/lock

docs: ## write the generated pages of docs/reference anew
	@$(BIN)/python scripts/reference $(ARGS)

screenshots: ## take the pictures of the documentation from a running demo
	@$(BIN)/python scripts/screenshots $(ARGS)

clean: ## remove what can be made again (not .venv)
	@rm -rf build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
