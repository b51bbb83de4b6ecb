# Bare `make` lists the targets. Each brings what it needs with it, in .venv.

PYTHON ?= $(shell .ci/python)
BIN := .venv/bin
SITE := .venv/.site
TOOLS := .venv/.tools
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
PYTEST_OPTIONS ?= -n 3 --dist worksteal
TEXTS := stormpath_wsgi/locale
LOWEST := .venv-lowest
APPS := .venv-apps
LOWEST_PYTHON ?= $(firstword $(wildcard /usr/bin/python3.11) $(shell command -v python3.11) $(PYTHON))
# What looks at files of ours only, counts without any library, has no lowest version (servers, made-up requests), or asks
# of a library only what other tests ask of it.
NOT_LOWEST := tests/real tests/apps tests/limits/test_limits.py tests/limits/test_limit.py tests/api/test_openapi.py \
	tests/audit tests/development tests/doctor tests/passwords tests/testing tests/transfer tests/pages/test_states.py \
	$(addprefix tests/test_,asvs.py code_in_docs.py deploy_files.py docstrings.py documentation.py examples.py imports.py) \
	$(addprefix tests/test_,packaging.py texts.py tutorial.py)
ACCOUNTS ?= 20000

# Where it is set, each process that the tests start would compile us anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test test-apps lowest lint format texts docs build bench system clean

help: ## this list
	@echo "stormpath-wsgi: make TARGET"
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | sed -E 's/^([a-z-]+):.*## (.*)/  \1\t\2/'

run: $(SITE) ## serve the demo site (PORT=8000); stop it with Ctrl-C
	@echo "Starting the demo site."
	@$(BIN)/stormpath-wsgi run examples.demo:application --config deploy/gunicorn.conf.py --workers 2

test: $(TOOLS) ## all tests of ours (PYTEST_OPTIONS="-n 3 --dist worksteal")
	$(BIN)/python -m pytest --turn first --ignore=tests/apps $(PYTEST_OPTIONS)

test-apps: $(APPS)/.tools ## the tests with applications, servers and clients of others
	$(APPS)/bin/python -m pytest tests/apps $(PYTEST_OPTIONS)

# Together with `make test`, each test has run on each of its engines.
lowest: $(LOWEST)/.tools ## the tests that use our libraries, on the lowest versions that setup.cfg allows
	$(LOWEST)/bin/python -m pytest --turn second $(addprefix --ignore=,$(NOT_LOWEST)) $(PYTEST_OPTIONS)

lint: $(TOOLS) ## ruff and mypy; changes nothing
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy stormpath_wsgi adapters tests

format: $(TOOLS) ## put the code into the agreed form
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

texts: $(TOOLS) ## collect the texts that people read, and compile the catalogues in stormpath_wsgi/locale
	$(BIN)/pybabel --quiet extract --mapping pyproject.toml --keyword marked --add-location file --omit-header \
		--output $(TEXTS)/stormpath_wsgi.pot stormpath_wsgi
	$(BIN)/pybabel --quiet update --domain stormpath_wsgi --input-file $(TEXTS)/stormpath_wsgi.pot --output-dir $(TEXTS) \
		--no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date
	$(BIN)/pybabel --quiet compile --domain stormpath_wsgi --directory $(TEXTS)

docs: $(TOOLS) ## build the documentation into docs/_build
	$(BIN)/python -m sphinx --fail-on-warning --keep-going -b html docs docs/_build

build: $(TOOLS) ## build the wheel into dist
	$(PIP) wheel --quiet --no-deps --wheel-dir dist .

bench: $(TOOLS) ## measure what all costs, and print it as one table (ACCOUNTS=1000000, POSTGRESQL=URL)
	@$(PIP) install --quiet --editable '.[flask,bench]'
	$(BIN)/python benchmarks/table.py --accounts $(ACCOUNTS) $(if $(POSTGRESQL),--postgresql '$(POSTGRESQL)')

system: ## servers, a browser, Node.js and clients of others for the tests (Debian, as root; elsewhere install what .ci/system names)
	@.ci/system

clean: ## remove what the targets made; accounts of the demo site in instance stay
	rm -rf .venv $(LOWEST) $(APPS) build dist docs/_build tests/real/node/node_modules *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12 …" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "This Python cannot make virtual environments; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@echo "1 of 2: making a virtual environment in .venv. This happens once."
	@$(PYTHON) -m venv .venv

$(SITE): .venv/bin/python setup.cfg pyproject.toml
	@echo "2 of 2: installing what the site needs from the package index: some 30 packages, a minute or two."
	@$(PIP) install --editable '.[server]'
	@touch $@

$(TOOLS): $(SITE) tests/real/node/package-lock.json
	@echo "Installing what tests, checks and documentation need: some 100 packages, a few minutes."
	@$(PIP) install --editable '.[django,flask,postgresql,redis,server,social,test,docs]'
	@if command -v npm >/dev/null; then npm ci --silent --prefix tests/real/node; fi
	@touch $@

# What is in .venv can be imported here as well; what is installed here comes first.
$(APPS)/.tools: tests/apps/requirements.txt | $(TOOLS)
	@echo "Installing applications and clients of others, for their tests, in $(APPS)."
	@$(BIN)/python -m venv --clear --without-pip $(APPS)
	@site=$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))') \
		&& echo "import site; site.addsitedir('$$site')" \
		> $$($(APPS)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/beside.pth
	@$(BIN)/python -m pip --python $(APPS)/bin/python --quiet --disable-pip-version-check --no-input install --no-compile \
		--requirement tests/apps/requirements.txt
	@touch $@

$(LOWEST)/.tools: .ci/lowest setup.cfg pyproject.toml
	@echo "Installing the lowest versions that setup.cfg allows, in $(LOWEST)."
	@$(LOWEST_PYTHON) -m venv --clear $(LOWEST)
	@$(LOWEST)/bin/python .ci/lowest > $(LOWEST)/constraints.txt
	@$(LOWEST)/bin/python -m pip --quiet --disable-pip-version-check --no-input install \
		--constraint $(LOWEST)/constraints.txt --editable '.[django,flask,postgresql,redis,server,social,test]'
	@touch $@
