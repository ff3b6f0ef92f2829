# make demo | test | test-all | lab | notebooks | check | release OUT=DIR REPO=owner/name ; each makes .venv first where there is none.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
READY := $(VENV)/.ready
# Two test processes share the cores: more threads in each would only get in each other's way.
TESTING := env -u PATH_DATASETS VIT_PROFILE=smoke VIT_DATA=MNIST-5k OMP_NUM_THREADS=1

.PHONY: env demo test test-all units nbval lab notebooks check release

env: $(READY)

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "The course needs Python 3.11 or newer: please run make with PYTHON=python3.11 or a newer one."; exit 1; }
	test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $(READY)

demo: env
	$(RUN) -m autograder demo

test: units nbval

# Every test, the long ones too.
test-all: env
	$(TESTING) $(RUN) -m pytest --numprocesses 2 --dist loadfile -m "full or not full"
	$(TESTING) $(RUN) -m tests.run_nbval

units: env
	$(TESTING) $(RUN) -m pytest --numprocesses 2 --dist loadfile

nbval: env
	$(TESTING) $(RUN) -m tests.run_nbval

lab: env
	$(RUN) -m jupyterlab --notebook-dir notebooks

notebooks: env
	$(RUN) -m autograder build

check: env
	$(RUN) -m autograder build --check

release: env
	$(RUN) -m autograder release --out "$(OUT)" --repo "$(REPO)"
