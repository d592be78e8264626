# Everything here starts from Python 3.11+ and make; tools/bootstrap.py fetches the rest.
ifndef PYTHON
PYTHON := $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
endif
ifeq ($(PYTHON),)
$(error Python 3.11 or newer is needed, and none is on the PATH)
endif

SETUP := @$(PYTHON) -m tools.bootstrap
BIN := .venv/bin
SOURCES := app.py config.py environment.py crm tools tests bench migrations
PRESENT = $(wildcard $(SOURCES))
SELECT := $(if $(SLOW),-m "")
export CRM_SLOW := $(if $(SLOW),1,$(CRM_SLOW))

.PHONY: run test setup sure checks format translations bench lock upgrade clean help
.DEFAULT_GOAL := help

run: ## set up, then web and worker on http://127.0.0.1:8080
	$(SETUP) app
	@exec $(BIN)/python -m tools.serve --demo

test: export PYTHONDONTWRITEBYTECODE :=# compiling the tests and us for each process takes longer than many tests
test: ## set up, then all tests (ARGS="-k merge" for some, SLOW=1 for the long ones too)
	$(SETUP) test
	@exec $(BIN)/python -m pytest -q -n 2 --dist worksteal $(SELECT) $(ARGS)

setup: ## set up for running and testing, start nothing
	$(SETUP) test

sure: checks test ## all that CI checks: format, lint, types, tests

checks: ## format, lint and types
	$(SETUP) test
	@bad=0; \
	$(BIN)/ruff format --check --quiet $(PRESENT) || { echo "some files are not in the house's format: make format"; bad=1; }; \
	$(BIN)/ruff check $(PRESENT) || bad=1; \
	$(BIN)/mypy || bad=1; \
	exit $$bad

format: ## put the code into the house's format
	$(SETUP) test
	@$(BIN)/ruff format $(PRESENT)
	@$(BIN)/ruff check --fix-only $(PRESENT)

translations: ## bring crm/translations up to date with the words in the code (then translate what is new)
	$(SETUP) test
	@$(BIN)/pybabel -q extract -F babel.cfg -k _l -k lazy_gettext --no-location --sort-output \
		--project CRM --version "" -o crm/translations/messages.pot crm
	@$(BIN)/pybabel -q update -i crm/translations/messages.pot -d crm/translations \
		--no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date
	@rm crm/translations/messages.pot

bench: ## measure (each script in bench/ says what)
	$(SETUP) app
	@for script in $(patsubst bench/%.py,%,$(wildcard bench/[a-z]*.py)); do \
	  echo "== $$script"; $(BIN)/python -m "bench.$$script" || exit 1; done

lock: ## write the lock files anew after an edit of requirements/*.in or package.json
	$(SETUP) lock

upgrade: ## the same, with the newest versions that those files allow
	$(SETUP) lock --upgrade

clean: ## remove what the set-up made (the data in instance/ stays)
	rm -rf .venv node_modules crm/static/vendor

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r name about; do \
		printf 'make %-12s %s\n' "$$name" "$$about"; done
