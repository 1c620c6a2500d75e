# Every command prints what it does; `make` alone lists them.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON := .venv/pipeline/bin/python
PINS := requirements/install.sh requirements/bootstrap.txt
.PHONY: help demo refresh stop status clean test verify bench lint pins boards-push boards-pull boards-generate screenshots world-pictures

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv/.pipeline .venv/.superset ## set everything up, load the demo data, leave the services running
	@$(PYTHON) -m sandbox.stack demo

refresh: .venv/.pipeline ## load what is new since, into running services
	@$(PYTHON) -m sandbox.stack refresh

stop: .venv/.pipeline ## stop every service; data stay
	@$(PYTHON) -m sandbox.stack stop

status: .venv/.pipeline ## show the services and their addresses
	@$(PYTHON) -m sandbox.stack status

clean: .venv/.pipeline ## stop everything; remove data, logs, settings
	@$(PYTHON) -m sandbox.stack clean

test: .venv/.dev .venv/.superset browser ## set up and run the tests
	@$(PYTHON) -m pytest -p tests.workers -n 2

verify: .venv/.dev .venv/.superset browser driver ## the long suites
	@$(PYTHON) -m pytest -m verify

bench: .venv/.dev .venv/.superset browser ## measure speed beside its peers; figures go to docs/measurements
	@$(PYTHON) -m sandbox.bench all

lint: .venv/.dev ## formatting, lint, types, SQL, asset rules
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .
	$(PYTHON) -m mypy
	.venv/pipeline/bin/sqlfmt --check --quiet --dialect clickhouse dbt/models dbt/macros dbt/tests
	$(PYTHON) -m superset_assets lint

boards-push: .venv/.pipeline ## bring the boards of this checkout to the running Superset
	@$(PYTHON) -m sandbox.stack boards push

boards-pull: .venv/.pipeline ## write the running Superset's boards into this checkout
	@$(PYTHON) -m sandbox.stack boards pull

boards-generate: .venv/.pipeline ## write Superset's datasets anew from the metric definitions
	@$(PYTHON) -m superset_assets generate

screenshots: .venv/.dev browser ## pictures of every board of the running Superset
	@$(PYTHON) -m sandbox.stack boards screenshots

world-pictures: .venv/.dev ## draw what the stand-in's shop looks like, for docs/world.md
	@$(PYTHON) -m sandbox.mindbox.plots

pins: .venv/.pipeline ## compile requirements/*.in to *.txt
	@requirements/compile.sh

.PHONY: browser driver
browser driver:
	@requirements/install.sh $@

.venv/.pipeline: $(PINS) requirements/pipeline.txt requirements/sandbox.txt
	@requirements/install.sh pipeline
	@touch $@

.venv/.dev: $(PINS) requirements/pipeline.txt requirements/sandbox.txt requirements/dev.txt
	@requirements/install.sh dev
	@touch $@ .venv/.pipeline

.venv/.superset: $(PINS) requirements/superset.txt
	@requirements/install.sh superset
	@touch $@
