# Every command that people type. `make` by itself lists them.
#
# Values given on the command line reach the programs unchanged, through the environment: never through a recipe's text,
# where a quote or a dollar sign would become part of a command.

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev setup-xtts setup-xtts-dev lock licences demo run download-xtts test test-backends test-xtts lint bench bench-xtts chaos clean
SHELL := /bin/sh
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
venv := .venv/bin/python
venv_xtts := .venv-xtts/bin/python
parallel := --numprocesses 4 --dist loadscope
parallel_xtts := --numprocesses 2 --dist loadfile
of_each_venv := tests/project/test_locks.py tests/project/test_licences.py
on_s3 := $(addprefix tests/api/test_,audio.py isolation.py samples.py synthesis.py voice_models.py) tests/test_commands.py \
    $(addprefix tests/services/test_,deletion.py orphans.py purge.py retention.py) tests/jobs/test_worker.py

export DEMO_TEXT := $(value TEXT)
export DEMO_SAMPLE := $(value SAMPLE)
export DEMO_OUTPUT := $(value OUTPUT)
# Desktops set LANGUAGE for gettext ("de_DE:de"): only a LANGUAGE on make's command line is meant for us.
ifeq ($(origin LANGUAGE),command line)
export DEMO_LANGUAGE := $(value LANGUAGE)
endif
ifeq ($(origin ENGINE),command line)
export VOICE_ENGINE := $(value ENGINE)
endif
# The engine that the settings will find: the environment comes before .env, and in .env the last line wins.
ifeq ($(origin VOICE_ENGINE),undefined)
engine := $(shell sed -n 's/^\(export \)*VOICE_ENGINE=/=/p' "$${ENV_FILE:-.env}" 2>/dev/null | tail -n 1 | tr -d "=\"' \t\r")
else
engine := $(VOICE_ENGINE)
endif
# An engine that has requirements-NAME.txt runs in .venv-NAME, which setup-NAME makes.
own_requirements := $(if $(wildcard voice/engines/$(engine)/__init__.py),$(wildcard requirements-$(engine).txt))
setup_of_engine := $(if $(own_requirements),setup-$(engine),setup)
venv_of_engine = $(if $(own_requirements),$(or $(venv_$(engine)),.venv-$(engine)/bin/python),$(venv))
export STACK_PORT := $(if $(filter undefined,$(origin PORT)),8000,$(value PORT))
export BENCH_JSON := $(value JSON)
export CHAOS_ROWS := $(value ROWS)
export CHAOS_SEED := $(if $(filter undefined,$(origin SEED)),1,$(value SEED))
unexport PYTHONDONTWRITEBYTECODE  # some images set it, and then each of many processes compiles everything anew
unexport TEXT SAMPLE OUTPUT LANGUAGE PORT JSON ENGINE ROWS SEED

help:  ## show this list
	@echo 'PodStream voice. First time here? Type: make demo'
	@echo
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-21s %s\n", $$1, $$2 }'
	@echo
	@echo 'State lives in VAR_DIR (default: var). Two stacks side by side: make run VAR_DIR=var2 PORT=8001'

setup:  ## install everything the product needs into .venv (the other targets do this by themselves)
	@$(PYTHON) -I scripts/bootstrap.py locks/runtime.txt

setup-dev:  ## also install the developers' tools into .venv
	@$(PYTHON) -I scripts/bootstrap.py locks/dev.txt

setup-xtts:  ## install the XTTS engine into .venv-xtts: some 6 GB, most of it CUDA
	@$(PYTHON) -I scripts/bootstrap.py --venv=.venv-xtts locks/xtts.txt

setup-%: locks/%.txt  # of a further engine
	@$(PYTHON) -I scripts/bootstrap.py --venv=.venv-$* locks/$*.txt

setup-xtts-dev:  ## also install the developers' tools into .venv-xtts
	@$(PYTHON) -I scripts/bootstrap.py --venv=.venv-xtts locks/xtts-dev.txt

lock: setup-dev  ## renew the lock files after requirements*.txt changed [ARGS=--upgrade: newest versions of everything else]
	@$(venv) -m scripts.lock $(ARGS)

licences: setup-xtts-dev  ## write the tables of docs/LICENCES.md anew, after the locks changed
	@$(venv_xtts) -m scripts.licences

download-xtts: setup-xtts  ## fetch the weights of XTTS v2, after showing their licence and asking [ARGS="--folder=..."]
	@exec $(venv_xtts) manage.py download_xtts $(ARGS)

demo: $(setup_of_engine)  ## clone a voice and hear it speak [SAMPLE=voice.wav] [TEXT="..."] [LANGUAGE=en] [OUTPUT=speech.mp3]
	@exec $(venv_of_engine) -m local.demo --sample="$$DEMO_SAMPLE" --text="$$DEMO_TEXT" \
	    --language="$${DEMO_LANGUAGE:-en}" --output="$${DEMO_OUTPUT:-podstream-demo.mp3}"

run: $(setup_of_engine)  ## start web, worker and Redis [PORT=8000] [ENGINE=xtts]
	@exec $(venv_of_engine) -m local.stack run --port "$$STACK_PORT"

test: setup-dev  ## run all tests, on PostgreSQL and local files [ARGS="-k name"]
	@$(venv) -m pytest $(if $(ARGS),$(ARGS),$(parallel))

test-backends: setup-dev  ## run the tests of the API and jobs on SQLite, and those of files on S3
	@echo 'The API and the jobs, on SQLite:'
	@TEST_DATABASE=sqlite $(venv) -m pytest $(parallel) tests/api tests/jobs tests/services
	@echo 'Everything that touches files, on S3:'
	@TEST_STORAGE=s3 $(venv) -m pytest $(parallel) $(on_s3)

test-xtts: setup-xtts-dev  ## run the tests of the XTTS engine, on random weights [ARGS="-k name"]
	@$(venv_xtts) -m pytest $(if $(ARGS),$(ARGS),$(parallel_xtts)) tests/engines/xtts tests/engines/test_xtts_*.py tests/engines/test_contract.py $(of_each_venv)

lint: setup-dev  ## check with ruff, mypy and Django; check migrations and the OpenAPI schema
	@$(venv) -m ruff check .
	@$(venv) -m ruff format --check .
	@$(venv) -m mypy
	@$(venv) manage.py check
	@$(venv) manage.py makemigrations --check --dry-run
	@$(venv) manage.py spectacular --validate --fail-on-warn --file /dev/null

bench: setup-dev  ## measure the engine and the API, and print tables [JSON=results.json]
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(venv) -m benchmarks --json="$$BENCH_JSON"

bench-xtts: setup-xtts-dev  ## compare the speed of XTTS with Coqui's own inference [JSON=results.json]
	@$(venv_xtts) -m benchmarks.xtts_speed --json="$$BENCH_JSON"

chaos: setup-dev  ## kill, stop and starve real servers, and count what is lost [CHAOS_JOBS=1000] [ROWS=R1,R3] [SEED=1] [JSON=chaos.json]
	@$(venv) -m chaos --jobs="$${CHAOS_JOBS:-60}" --rows="$$CHAOS_ROWS" --seed="$$CHAOS_SEED" --json="$$BENCH_JSON"

clean:  ## remove .venv, .venv-xtts and caches; your voices in VAR_DIR stay
	rm -rf .venv .venv-xtts .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find local podstream scripts voice tests benchmarks chaos -name __pycache__ -type d -prune -exec rm -rf {} +
