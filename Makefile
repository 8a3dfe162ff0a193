# Two targets matter: `make run` and `make test`. Both set everything up by themselves, without root.
#
#   PYTHON       the interpreter to make the environment with (3.11 or newer)
#   TORCH_INDEX  address of PyTorch's own index of CPU builds, for machines whose default index has only the CUDA build
#   PORT, HOST   where `make run` listens

PYTHON ?= python3
TORCH_INDEX ?=
HOST ?= 127.0.0.1
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
# Loaded models live in each worker; one of them uses every core for a single request.
RUN_SETTINGS = VORAB_DEMO=1 VORAB_BASE_URL=http://$(HOST):$(PORT) VORAB_LOG_LEVEL=$${VORAB_LOG_LEVEL:-warning}

.PHONY: run test coverage check bench faults format lock sbom audit clean
.DELETE_ON_ERROR:

run: $(VENV)/ready-run var/secret
	@$(RUN_SETTINGS) VORAB_SECRET_KEY="$$(cat var/secret)" $(BIN)/vorab demo --quiet \
		--origin http://$(HOST):$(PORT) --origin http://localhost:$(PORT)
	@$(RUN_SETTINGS) VORAB_SECRET_KEY="$$(cat var/secret)" $(BIN)/vorab serve --host $(HOST) --port $(PORT) --greet

test: $(VENV)/ready-dev
	@$(BIN)/python -m tests.run

# The same with branch coverage of the three packages.
coverage: $(VENV)/ready-dev
	@$(BIN)/python -m tests.run --cov --cov-report term:skip-covered

check: $(VENV)/ready-dev
	@$(BIN)/python -m tests.run --checks-only

bench: $(VENV)/ready-dev
	@$(BIN)/python -m tests.benchmarks

faults: $(VENV)/ready-dev
	@$(BIN)/python -m tests.processes.rounds

format: $(VENV)/ready-dev
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format --quiet .

LOCK := docs/deployment/requirements.txt

# Newest versions that pyproject.toml allows, each file by its hash. torch comes from an index of the operator's choice.
lock: $(VENV)/ready-dev
	@$(BIN)/pip-compile --quiet --upgrade --generate-hashes --allow-unsafe --strip-extras --no-annotate --no-header \
		--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --output-file var/lock.txt pyproject.toml
	@{ sed -n '/^#/p' $(LOCK); awk '/^[^ ]/ { kept = !/^(torch==|#)/ } kept && NF' var/lock.txt; } > var/requirements.txt
	@mv var/requirements.txt $(LOCK)

# What is in a release, as a CycloneDX document, and whether anything of it is known to be unsafe.
sbom: $(VENV)/ready-dev
	@mkdir -p var && $(BIN)/cyclonedx-py requirements --output-format JSON --output-file var/sbom.json $(LOCK)
	@echo "var/sbom.json"

audit: $(VENV)/ready-dev
	@$(BIN)/pip-audit --progress-spinner off --require-hashes --requirement $(LOCK)

# A key of this installation's own, made once. The demo is the only thing that makes one up.
var/secret:
	@mkdir -p var && umask 077 && head -c 32 /dev/urandom | base64 > var/secret

# torch is pinned in pyproject.toml and installed first, so that its index is asked for nothing else.
$(VENV)/python-made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Vorab needs Python 3.11 or newer: make PYTHON=python3.12 …" >&2; exit 1; }
	@echo "Making the environment in $(VENV) (a few minutes the first time: PyTorch is large) …"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) \
		"$$(sed -n 's/^  "\(torch==[^"]*\)",/\1/p' pyproject.toml)"
	@touch $@

$(VENV)/ready-run: $(VENV)/python-made pyproject.toml
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/ready-dev: $(VENV)/python-made pyproject.toml
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@ $(VENV)/ready-run

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .hypothesis
