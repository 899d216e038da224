# One list of verbs: run, test, and what `make test` is made of. `make` alone lists them.
#
# Stamp files under .venv say what is installed already, so a second call starts at once.

PYTHON ?= python3
JOBS   ?= 2
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check -q
PYTEST := $(BIN)/python -m pytest -q -n $(JOBS) --dist worksteal

# What the tests against real programs run.
DEBIAN := openssh-server openssh-client rsync git sudo zsh fish screen vim-tiny less tmux procps iproute2 putty-tools \
          dropbear-bin lftp curl rsyslog opendoas clamav-daemon c-icap libc-icap-mod-virus-scan bubblewrap openssl chromium \
          chromium-driver

.DEFAULT_GOAL := verbs
.PHONY: verbs run test lint types law unit docs reference bench soak clean

verbs:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

## make run        start a gateway on this machine's loopback, with nothing configured
run: $(VENV)/run.stamp
	@exec $(BIN)/twistd --pidfile= -n pam

## make test       lint, types, laws and every test; installs what they need
test: $(VENV)/test.stamp $(VENV)/debian.stamp lint types
	$(PYTEST) tests/law tests

## make lint       ruff
lint: $(VENV)/test.stamp
	$(BIN)/ruff check --quiet .

## make types      mypy, strict, over gateway/
types: $(VENV)/test.stamp
	$(BIN)/mypy --no-error-summary

## make law        the laws of the house alone (tests/law)
law: $(VENV)/test.stamp
	$(PYTEST) tests/law

## make unit       the fast tests: no laws, no real programs
unit: $(VENV)/test.stamp
	$(PYTEST) tests --ignore=tests/law --ignore=tests/real

## make docs       the manual, to docs/_build/html
docs: $(VENV)/docs.stamp
	$(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build/html

## make reference  write the generated pages of docs/ anew (facts, interfaces, keys, verbs)
reference: $(VENV)/test.stamp
	$(BIN)/python docs/reference.py

## make bench      the measured comparisons
bench: $(VENV)/test.stamp
	@test -f benchmarks/__main__.py || { echo "benchmarks/ holds nothing to run yet" >&2; exit 1; }
	$(BIN)/python -m benchmarks

## make soak       the tests that take long on purpose
soak: $(VENV)/test.stamp $(VENV)/debian.stamp
	$(BIN)/python -m pytest -q -m soak --timeout=0 tests

## make clean      remove what was made here (not a gateway's state)
clean:
	rm -rf $(VENV) docs/_build build dist ostiary.egg-info .coverage .mypy_cache .ruff_cache .pytest_cache \
	    .hypothesis .import_linter_cache _trial_temp*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/made.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	    echo "$(PYTHON) is not Python 3.11 or newer: name one that is, as in 'make PYTHON=python3.12 run'" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	    if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	        $(call apt_install,$(notdir $(PYTHON))-venv); \
	    else \
	        echo "$(PYTHON) has no venv module: run 'apt-get install $(notdir $(PYTHON))-venv' as root, then make again" >&2; \
	        exit 1; \
	    fi; }
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/run.stamp: $(VENV)/made.stamp setup.cfg pyproject.toml
	@echo "installing the gateway into $(VENV) (once)"
	@$(PIP) install -e .
	@touch $@

$(VENV)/test.stamp: $(VENV)/run.stamp
	@echo "installing what the tests need into $(VENV) (once)"
	@$(PIP) install -e '.[test,lint]'
	@touch $@

$(VENV)/docs.stamp: $(VENV)/test.stamp
	@$(PIP) install -e '.[docs]'
	@touch $@

$(VENV)/debian.stamp: $(VENV)/made.stamp Makefile
	@missing=""; for name in $(DEBIAN); do \
	    [ "$$(dpkg-query -W -f='$${db:Status-Status}' $$name 2>/dev/null)" = installed ] || missing="$$missing $$name"; \
	done; \
	if [ -z "$$missing" ]; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    $(call apt_install,$$missing); \
	else \
	    echo "the tests against real programs need these Debian packages:$$missing" >&2; exit 0; \
	fi; \
	touch $@

# One update, one install, words only when it fails.
define apt_install
log=$$(mktemp); \
{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(1); } \
    </dev/null >"$$log" 2>&1 || { cat "$$log" >&2; rm -f "$$log"; exit 1; }; \
rm -f "$$log"
endef
