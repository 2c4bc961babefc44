# Everything from nothing but Python, git and make: each target sets up what it needs.
PYTHON ?= python3
TOX := .venv/bin/tox
ARGS ?=

.PHONY: help sim test firmware docs lint types clean

help:  ## this
	@sed -n 's/^\([a-z ]*\):.*##/  \1 -/p' Makefile
	@echo "ARGS='...' goes to what is run: make sim ARGS='--networks C_1 --techniques L,F'"

sim: $(TOX)  ## the main job: every variant through the twin
	@test -d .tox/sim || echo "Setting up .tox/sim with TensorFlow, once: this takes some minutes."
	$(TOX) -q -e sim -- $(ARGS)

test: $(TOX)  ## the project's own tests
	$(TOX) -q -e sim --notest
	$(TOX) -q -e tests -- $(ARGS)

firmware: $(TOX)  ## its core and kernels under sanitizers, and some fuzzing
	$(TOX) -q -e sim --notest
	$(TOX) -q -e firmware -- $(ARGS)

docs: $(TOX)  ## the documentation, in build/docs/index.html
	$(TOX) -q -e docs -- $(ARGS)

lint types: $(TOX)  ## style and import contracts; static types
	$(TOX) -q -e $@

$(TOX):
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet "tox>=4.67,<5"

clean:  ## away with .venv, .tox, reports and build; trained networks stay in their cache
	rm -rf .venv .tox reports build
