.PHONY: help check format lint types test

PYTHON ?= python

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

check: lint types test ## everything CI runs

format: ## rewrite the code as ruff wants it
	$(PYTHON) -m ruff format .
	$(PYTHON) -m ruff check --fix .

lint: ## style and mistakes
	$(PYTHON) -m ruff check .

types: ## static types
	$(PYTHON) -m mypy

test: ## the tests
	$(PYTHON) -m pytest
