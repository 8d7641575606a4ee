# Nothing but Python 3.11 to 3.13, its venv module and make is needed. `make help` lists the commands.
#
# The first use makes .venv and installs the locked packages; later uses start at once. What was
# installed is stamped with a checksum of the pins and of the folder's name, so a change of either
# installs again; the stamp is written last, so an interrupted install leaves none.

VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9

# PYTHON and FLAVOUR can be given: make run PYTHON=/opt/python3.12/bin/python3 FLAVOUR=cpu
FITS := -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 14))'
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	"$$p" $(FITS) >/dev/null 2>&1 && { echo "$$p"; break; }; done)
ifneq ($(origin PYTHON),file)
# A Python was asked for by name: an environment made with another version is made anew.
ANEW := $(shell have="$$(sed -n 's/^version *= *//p' $(VENV)/pyvenv.cfg 2>/dev/null)"; \
	asked="$$("$(PYTHON)" -c 'import platform; print(platform.python_version())' 2>&1)"; \
	test -z "$$have" -o "$$have" = "$$asked" || echo anew)
endif
# Once installed, a flavour stays until another is named: asking the GPU again costs a second or more.
ifeq ($(origin FLAVOUR),undefined)
FLAVOUR := $(shell cat $(VENV)/flavour 2>/dev/null || { test "$$(uname -s)" = Linux \
	&& nvidia-smi -L 2>/dev/null | grep -q '^GPU' && echo gpu || echo cpu; })
endif
LOCK_cpu := requirements.txt
LOCK_gpu := requirements-gpu.txt
LOCK := $(LOCK_$(FLAVOUR))
ifeq ($(FLAVOUR),cpu)
# Its TensorFlow knows no GPU, and a lesson refuses to start beside one that it cannot use.
export CUDA_VISIBLE_DEVICES ?= -1
endif
# What the rendered course and the tests in a browser need beyond that; installed on first use.
LOCK_site := requirements-site.txt
PINS := $(shell { cat $(LOCK) pyproject.toml 2>/dev/null; echo "$(CURDIR)"; } | cksum | tr ' ' '-')
STAMP := $(VENV)/installed-$(FLAVOUR)-$(PINS)
SITE_STAMP := $(VENV)/installed-site-$(shell cat $(LOCK_site) 2>/dev/null | cksum | tr ' ' '-')
# A virtual environment knows its own path, and two flavours of TensorFlow overwrite each other's
# files: a moved folder or another flavour starts an environment afresh.
MADE_FOR := $(FLAVOUR) $(CURDIR)

# Handed on to the command: make run LESSONS="01 02" ARGS="--seed 3", make test ARGS="-k seal".
LESSONS ?=
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help run lab author site test lint notebooks benchmark lock newest setup clean anew

define need-python
@"$(PYTHON)" $(FITS) 2>/dev/null || { echo "error: $(if $(PYTHON),$(PYTHON) is not,there is no) Python" \
	"3.11, 3.12 or 3.13 with its venv module. Install one (on Debian: apt-get install python3-venv)" \
	"or name one: make run PYTHON=/path/to/python3.12" >&2; exit 2; }
endef

# Ends a recipe line that installs; pip itself has said what it could not get.
define or-say-how-to
|| { echo "error: the packages were not installed; the lines above say why." \
	"No network? Bring their wheels (README.md: Without a network), then:" \
	"PIP_NO_INDEX=1 PIP_FIND_LINKS=wheels make $(or $(MAKECMDGOALS),setup)" >&2; exit 1; }
endef

# Whatever is said to be done next is a course command, and the shell may know none.
define say-what-course-is
@command -v course >/dev/null || echo "In what follows, course is $(BIN)/course."
endef

help: ## list the commands
	@echo 'make COMMAND [LESSONS="01 02"] [ARGS="..."] [PYTHON=python3.12] [FLAVOUR=cpu|gpu]'
	@sed -n 's/^\([a-z]*\):.*## /  \1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 14

run: setup ## execute every lesson in the mode that suits this machine; results under build/
	$(say-what-course-is)
	@$(BIN)/course run $(or $(LESSONS),--all) $(ARGS)

lab: setup ## open your lessons in JupyterLab; they are yours, in workspace/
	$(say-what-course-is)
	@$(BIN)/course lab $(ARGS)

author: setup ## open the course's own notebooks, paired with their .py
	$(say-what-course-is)
	@$(BIN)/course lab --author $(ARGS)

site: setup $(SITE_STAMP) ## render the lessons as a web site, below build/site
	@$(BIN)/python site/render.py $(ARGS)

$(SITE_STAMP): $(STAMP)
	@rm -f $(VENV)/installed-site-*
	@echo "Installing the pins of $(LOCK_site)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		-r $(LOCK_site) $(or-say-how-to)
	@touch $@

CHROMIUM := $(shell command -v chromium || command -v chromium-browser \
	|| command -v google-chrome-stable || command -v google-chrome)
# Quick leaves out what is marked slow (pyproject.toml says what that is); CI runs all.
COURSE_TESTS ?= quick
# Two workers; a file's tests stay together, since a notebook's cells share one kernel. The notebooks
# are the long ones and go first, so that no worker waits for the other's last.
test: setup $(if $(CHROMIUM),$(SITE_STAMP)) ## unit tests, lessons in smoke mode, a real browser; COURSE_TESTS=all: the slow ones too
	@test -n "$(filter quick all,$(COURSE_TESTS))" || { echo "error: COURSE_TESTS=$(COURSE_TESTS) is" \
		"neither quick nor all. Run every test: make test COURSE_TESTS=all" >&2; exit 2; }
	@$(if $(CHROMIUM),,echo "No Chromium here: the tests in a real browser are skipped." \
		"On Debian: apt-get install chromium")
	@$(if $(filter all,$(COURSE_TESTS)),,echo "Left out: the solutions and the other slow tests." \
		"To run every test, as CI does: make test COURSE_TESTS=all")
	$(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder --nbval-lax \
		--nbval-current-env --nbval-cell-timeout 120 \
		$(if $(filter all,$(COURSE_TESTS)),,-m "not slow") $(ARGS) notebooks tests

lint: setup ## ruff, codespell, and which package may import which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	$(BIN)/lint-imports

notebooks: setup ## execute the lessons in reduced mode and pair the committed notebooks again
	$(say-what-course-is)
	@$(BIN)/course build $(LESSONS) $(ARGS)

benchmark: setup ## time the course's training against its peers
	@$(BIN)/python -m benchmarks $(ARGS)

# The GPU's lock is held to the versions of the CPU's, so that both flavours run the same code.
COMPILE = pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 \
	--annotation-style line --extra dev $(ARGS) pyproject.toml
lock: build/lock/bin/uv ## pin every package again (ARGS=--upgrade for the newest versions)
	$< $(COMPILE) --extra cpu --output-file $(LOCK_cpu)
	$< $(COMPILE) --extra gpu --constraint $(LOCK_cpu) --output-file $(LOCK_gpu)
	$< $(COMPILE) --extra site --extra browser --extra binder --constraint $(LOCK_cpu) \
		--output-file $(LOCK_site)

newest: setup ## try the lock's and the registry's newest packages; writes README's table (ARGS=lock)
	@$(BIN)/python .ci/last_green.py $(ARGS)

build/lock/bin/uv:
	$(need-python)
	@"$(PYTHON)" -m venv --clear build/lock
	@build/lock/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

setup: $(STAMP) ## make .venv; every other command does so when it needs to

$(STAMP): $(ANEW)
	@test -n "$(LOCK)" || { echo "error: FLAVOUR=$(FLAVOUR) is neither cpu nor gpu." \
		"Give one of them: make run FLAVOUR=cpu" >&2; exit 2; }
	$(need-python)
	@rm -f $(VENV)/installed-*
	@test -z "$(ANEW)" -a "$$(cat $(VENV)/made-for 2>/dev/null)" = "$(MADE_FOR)" \
		&& $(BIN)/python -c '' 2>/dev/null \
		|| { echo "Making $(VENV) with $(PYTHON)"; "$(PYTHON)" -m venv --clear $(VENV); }
	@echo "Installing the pins of $(LOCK); the first time takes some minutes"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		-r $(LOCK) $(or-say-how-to)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
		--no-build-isolation -e . $(or-say-how-to)
	@echo "$(FLAVOUR)" > $(VENV)/flavour
	@echo "$(MADE_FOR)" > $(VENV)/made-for
	@touch $@

clean: ## remove .venv, build and the tools' caches
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	rm -rf generalisation_course.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
