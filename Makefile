# Needs Python 3.11 or newer and a package index; everything else comes from there.
PYTHON ?= python3
UV_VERSION := 0.13.8
UV := .cache/uv/bin/uv
RUN := .venv/bin/python
export UV_PYTHON_DOWNLOADS := never
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Tests and the demo start many processes: each would compile Django and botocore again without bytecode on disk.
export UV_COMPILE_BYTECODE := 1
unexport PYTHONDONTWRITEBYTECODE

# Tests wait for processes, browsers and databases: one more worker than two cores uses that time.
WORKERS ?= 3

.PHONY: help setup demo test test-long test-faults check simulate bench sbom clean browser
.DEFAULT_GOAL := help

help: ## what there is
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 16

setup: .venv/.ready .venv-sandbox/.ready ## both environments, from uv.lock

demo: setup ## the whole product on this machine, with a simulated AWS account
	@exec $(RUN) manage.py demo

test: setup .venv-provider/.ready browser ## all tests but the longest, on real PostgreSQL, Valkey, the sandbox and Chromium
	@exec $(RUN) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not long and not faults" $(ARGS)

test-long: setup .venv-judges/.ready ## the longest tests: simulated weeks, load, and an independent judge of templates
	@exec $(RUN) -m pytest -n $(WORKERS) --dist loadfile -m long $(ARGS)

test-faults: setup ## real workers, killed at each AWS call and stopped before they send; servers that freeze and restart
	@exec $(RUN) -m pytest -n 2 --dist loadfile -m faults $(ARGS)

check: setup ## linters, types, word list, import rules, Django's own checks: silent when all is well
	@.venv/bin/ruff check --quiet .
	@.venv/bin/ruff format --quiet --check .
	@.venv/bin/djade --check --target-version 5.2 $$(git ls-files -co --exclude-standard 'templates/*.html') > .cache/djade.log 2>&1 || { cat .cache/djade.log; exit 1; }
	@.venv/bin/mypy > .cache/mypy.log 2>&1 || { cat .cache/mypy.log; exit 1; }
	@$(RUN) -m tests.style.word_list
	@.venv/bin/lint-imports > .cache/imports.log 2>&1 || { cat .cache/imports.log; exit 1; }
	@SECRET_KEY=$$($(RUN) -c 'import secrets; print(secrets.token_urlsafe(60))') DATABASE_URL=postgresql://127.0.0.1/portal REDIS_URL=redis://127.0.0.1/0 \
	  ALLOWED_HOSTS=portal.example $(RUN) manage.py check --deploy --fail-level WARNING > .cache/check.log 2>&1 || { cat .cache/check.log; exit 1; }

SEEDS ?= 100
simulate: setup ## the engine against a scripted AWS with faults from seeds: SEEDS=n [SEED=first]
	@exec $(RUN) manage.py simulate $(SEEDS) $(if $(SEED),--seed $(SEED))

bench: setup ## the figures that the README quotes, as ratios of one run, and those of the engine; ARGS=steps runs one
	@$(RUN) -m tests.bench $(ARGS)

sbom: | $(UV) ## sbom.cdx.json: the Python packages of the image, in CycloneDX
	@$(UV) export --frozen --no-dev --format cyclonedx1.5 --preview-features sbom-export --quiet --output-file sbom.cdx.json > /dev/null

clean: ## the demo's state and all caches, not the environments
	@rm -rf .state .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# Debian's Chromium for the browser test: installed as root, otherwise asked for.
browser:
	@command -v chromium chromium-browser google-chrome > /dev/null 2>&1 || \
	if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
	  echo 'Installing Chromium for the browser test …'; \
	  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium; } > .cache/chromium.log 2>&1 || { cat .cache/chromium.log; exit 1; }; \
	else echo '*** No Chromium here: THE BROWSER TEST WILL BE SKIPPED. Install the package "chromium" to run it. ***'; fi

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'Python 3.11 or newer is needed; name one with: make PYTHON=python3.12 …'; exit 1; }
	@echo 'Installing uv $(UV_VERSION) into .cache/uv …'
	@$(PYTHON) -m venv .cache/uv
	@.cache/uv/bin/pip install --quiet uv==$(UV_VERSION)

.venv/.ready: uv.lock pyproject.toml | $(UV)
	@echo 'Installing the product and its tools into .venv …'
	@$(UV) sync --frozen --quiet --python $(PYTHON)
	@touch $@

.venv-sandbox/.ready: uv.lock pyproject.toml | $(UV)
	@echo 'Installing the sandbox into .venv-sandbox …'
	@UV_PROJECT_ENVIRONMENT=.venv-sandbox $(UV) sync --frozen --quiet --python $(PYTHON) --only-group sandbox
	@touch $@

.venv-provider/.ready: uv.lock pyproject.toml | $(UV)
	@echo 'Installing the identity provider of the tests into .venv-provider …'
	@UV_PROJECT_ENVIRONMENT=.venv-provider $(UV) sync --frozen --quiet --python $(PYTHON) --only-group provider
	@touch $@

.venv-judges/.ready: uv.lock pyproject.toml | $(UV)
	@echo 'Installing the independent judge of templates into .venv-judges …'
	@UV_COMPILE_BYTECODE=0 UV_PROJECT_ENVIRONMENT=.venv-judges $(UV) sync --frozen --quiet --python $(PYTHON) --only-group judges
	@touch $@
