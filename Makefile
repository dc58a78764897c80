.PHONY: help check format lint types test integration attack gate

PYTHON ?= python

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

check: lint types test gate ## everything CI runs

format: ## rewrite the code as ruff wants it
	$(PYTHON) -m ruff format .
	$(PYTHON) -m ruff check --fix .

lint: ## style and mistakes
	$(PYTHON) -m ruff check .

types: ## static types
	$(PYTHON) -m mypy

test: ## the tests, without those that need real servers or many minutes
	$(PYTHON) -m pytest

integration: ## the tests against real servers and programs
	$(PYTHON) -m pytest -m integration

attack: ## long fuzzing, kills, damage and attacks on a real chat
	$(PYTHON) -m pytest -m attack

gate: ## the seeds question set must be answered at least this well, and speakers named right
	$(PYTHON) -m ui.cli eval run evals/sets/seeds.jsonl --out "$$(mktemp -d)/run" \
	  --require "citations.verbatim>=1" --require "errors<=0" --require "answer.correct>=0.80" \
	  --require "answer.holds@1>=0.76" --require "citations.recall>=0.78" --require "citations.precision>=0.80" \
	  --require "refusal.wrong_refusals<=0.09" --require "refusal.wrong_answers<=0.32"
	$(PYTHON) -m ui.cli eval quotes --require "labels.wrong<=0.01" --require "labels.unfounded<=0.04" \
	  --require "quotes.found>=0.95" --require "quotes.precise>=0.93" --require "quotes.right_person>=0.95" \
	  --require "quotes.given>=0.83"
